import { matchesGlob } from "./glob.ts";

/** A receiver of published messages. */
export interface Subscriber {
  /** Receives a message of a channel; `pattern` if the subscription was to a pattern. */
  hear(channel: string, message: string | Uint8Array, pattern?: string): void;
}

/** The subscriptions of all clients. */
export class PubSub {
  readonly #channels = new Map<string, Set<Subscriber>>();
  readonly #patterns = new Map<string, Set<Subscriber>>();

  /** Adds a subscriber to a channel or to a pattern of channels. */
  subscribe(kind: "channel" | "pattern", name: string, subscriber: Subscriber): void {
    this.#tableOf(kind).getOrInsertComputed(name, () => new Set()).add(subscriber);
  }

  /** Removes a subscriber. */
  unsubscribe(kind: "channel" | "pattern", name: string, subscriber: Subscriber): void {
    const table = this.#tableOf(kind);
    const subscribers = table.get(name);
    subscribers?.delete(subscriber);
    if (subscribers?.size === 0) table.delete(name);
  }

  /** Sends a message to the subscribers; returns how many there are. */
  publish(channel: string, message: string | Uint8Array): number {
    let told = 0;
    for (const subscriber of this.#channels.get(channel) ?? []) {
      subscriber.hear(channel, message);
      told++;
    }
    for (const [pattern, subscribers] of this.#patterns) {
      if (!matchesGlob(pattern, channel)) continue;
      for (const subscriber of subscribers) subscriber.hear(channel, message, pattern);
      told += subscribers.size;
    }
    return told;
  }

  /** The channels that match a pattern and have subscribers. */
  channels(pattern: string): string[] {
    return [...this.#channels.keys()].filter((channel) => matchesGlob(pattern, channel));
  }

  /** How many have subscribed to a channel. */
  countOf(channel: string): number {
    return this.#channels.get(channel)?.size ?? 0;
  }

  /** How many patterns there are. */
  get patterns(): number {
    return this.#patterns.size;
  }

  #tableOf(kind: "channel" | "pattern"): Map<string, Set<Subscriber>> {
    return kind === "channel" ? this.#channels : this.#patterns;
  }
}
