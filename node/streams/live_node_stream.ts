import type { PeerCertificate, TLSSocket } from "node:tls";
import type { Address, NetAddress } from "../../protocols/facts/address.ts";
import { check, show } from "../../protocols/option_checks.ts";
import type { ExtraInfo } from "../../protocols/facts/extra_info.ts";
import { clockFor } from "../../transports/core/clock.ts";
import { IdleTimer } from "../../transports/layers/idle_timer.ts";
import type { NodeStream } from "./node_stream.ts";
import { TransportDuplex } from "./transport_duplex.ts";

const checkTimeout = check.duration({ zero: true });

/** The {@linkcode NodeStream} that this library makes. */
export class LiveNodeStream extends TransportDuplex implements NodeStream {
  #idle: IdleTimer | null = null;
  #timeout = 0;

  get remoteAddress(): string | undefined {
    return this.#netAddress("peername")?.hostname;
  }

  get remotePort(): number | undefined {
    return this.#netAddress("peername")?.port;
  }

  get remoteFamily(): string | undefined {
    return familyOf(this.#netAddress("peername"));
  }

  get localAddress(): string | undefined {
    return this.#netAddress("sockname")?.hostname;
  }

  get localPort(): number | undefined {
    return this.#netAddress("sockname")?.port;
  }

  get localFamily(): string | undefined {
    return familyOf(this.#netAddress("sockname"));
  }

  get connecting(): boolean {
    return this.transport === null && !this.destroyed;
  }

  get pending(): boolean {
    return this.connecting;
  }

  get readyState(): "opening" | "open" | "readOnly" | "writeOnly" | "closed" {
    if (this.connecting) return "opening";
    if (this.readable && this.writable) return "open";
    if (this.readable) return "readOnly";
    return this.writable ? "writeOnly" : "closed";
  }

  get timeout(): number | undefined {
    return this.#timeout || undefined;
  }

  get encrypted(): boolean {
    return this.#fact("tlsEngine") !== null;
  }

  get authorized(): boolean {
    return this.#fact("authorized") ?? false;
  }

  get authorizationError(): string | null {
    return this.#fact("authorizationError");
  }

  get alpnProtocol(): string | false | undefined {
    // Servers of HTTP/2 take `false` for TLS that agreed on nothing.
    return this.#fact("alpnProtocol") ?? (this.encrypted ? false : undefined);
  }

  get servername(): string | false {
    return this.#fact("serverName") ?? false;
  }

  getPeerCertificate(detailed: boolean = false): PeerCertificate | Record<string, never> {
    return this.#tlsSocket?.getPeerCertificate(detailed) ?? {};
  }

  getCipher(): ReturnType<TLSSocket["getCipher"]> | Record<string, never> {
    return this.#tlsSocket?.getCipher() ?? {};
  }

  getProtocol(): string | null {
    return this.#fact("tlsVersion");
  }

  address(): { address: string; family: string; port: number } | Record<string, never> {
    const address = this.#netAddress("sockname");
    if (address === null) return {};
    return { address: address.hostname, family: familyOf(address) ?? "", port: address.port };
  }

  connect(...args: unknown[]): this {
    const listener = args.at(-1);
    if (typeof listener === "function") this.once("connect", () => void listener());
    if (!this.connecting) {
      queueMicrotask(() => {
        if (this.destroyed) return;
        this.emit("connect");
        this.emit("ready");
      });
    }
    return this;
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => void this.destroy());
  }

  resetAndDestroy(): this {
    return this.destroy();
  }

  setTimeout(milliseconds: number, listener?: () => void): this {
    checkTimeout(milliseconds, { action: "set timeout", name: "milliseconds" });
    if (listener !== undefined && typeof listener !== "function") {
      throw new TypeError(`Cannot set timeout: listener ${show(listener)} is not a function`);
    }
    this.#timeout = milliseconds;
    if (listener !== undefined) {
      if (milliseconds === 0) this.off("timeout", listener);
      else this.once("timeout", listener);
    }
    this.#startIdle();
    return this;
  }

  setNoDelay(noDelay: boolean = true): this {
    return this.#tellSocket("setNoDelay", noDelay);
  }

  setKeepAlive(enable: boolean = false, initialDelay: number = 0): this {
    return this.#tellSocket("setKeepAlive", enable, initialDelay);
  }

  ref(): this {
    return this.#tellSocket("ref");
  }

  unref(): this {
    return this.#tellSocket("unref");
  }

  protected override onActivity(): void {
    this.#idle?.touch();
  }

  #startIdle(): void {
    this.#idle?.stop();
    this.#idle = null;
    if (this.#timeout === 0 || this.destroyed) return;
    const clock = this.transport === null ? undefined : clockFor(this.transport);
    this.#idle = new IdleTimer(this.#timeout, () => {
      this.#startIdle();
      this.emit("timeout");
    }, clock);
    if (!this.listeners("close").includes(this.#stopIdle)) this.once("close", this.#stopIdle);
  }

  readonly #stopIdle = (): void => this.#idle?.stop();

  get #tlsSocket(): TLSSocket | undefined {
    const engine = this.#fact("sslObject");
    // Deno's own TLS has no such methods.
    return engine !== null && "getPeerCertificate" in engine ? engine as TLSSocket : undefined;
  }

  #fact<K extends keyof ExtraInfo>(name: K): ExtraInfo[K] | null {
    return this.transport?.getExtraInfo<K>(name) as ExtraInfo[K] | null | undefined ?? null;
  }

  #netAddress(name: "peername" | "sockname"): NetAddress | null {
    const address: Address | null = this.#fact(name);
    return address !== null && "port" in address ? address : null;
  }

  #tellSocket(method: string, ...args: readonly unknown[]): this {
    const socket = this.#fact("socket");
    const found: unknown = socket === null ? undefined : Reflect.get(socket, method);
    if (typeof found === "function") Reflect.apply(found, socket, args);
    return this;
  }
}

function familyOf(address: NetAddress | null): string | undefined {
  if (address === null) return undefined;
  return address.hostname.includes(":") ? "IPv6" : "IPv4";
}
