import { assertEquals } from "@std/assert";
import { ReadRounds } from "../../../../transports/core/read/read_rounds.ts";

/** Rounds whose turns end when the test says so. */
function roundsByHand(): { rounds: ReadRounds; endTurn: () => void; isWatching: () => boolean } {
  let callback: (() => void) | null = null;
  const rounds = new ReadRounds({ afterThis: (next) => void (callback = next) });
  const endTurn = (): void => {
    const next = callback;
    callback = null;
    next?.();
  };
  return { rounds, endTurn, isWatching: () => callback !== null };
}

/** Counts reads of old connections, or of such; returns how many of them have to wait. */
function countReads(rounds: ReadRounds, n: number, restsBefore: number = 0): number {
  let waiting = 0;
  for (let i = 0; i < n; i++) if (rounds.count(restsBefore)) waiting++;
  return waiting;
}

/** Ends turns with 128 reads each until reads wait; returns how many turns that were. */
function crowd({ rounds, endTurn }: ReturnType<typeof roundsByHand>): number {
  for (let turns = 1; turns < 100; turns++) {
    assertEquals(countReads(rounds, 128), 0);
    endTurn();
    if (countReads(rounds, 1) > 0) return turns;
  }
  return 100;
}

Deno.test("ReadRounds lets no read wait while turns have few of them", () => {
  const { rounds, endTurn } = roundsByHand();
  for (let i = 0; i < 1000; i++) {
    assertEquals(countReads(rounds, 64), 0);
    endTurn();
  }
});

Deno.test("ReadRounds begins a rest after several crowded turns one after the other", () => {
  assertEquals(crowd(roundsByHand()), 3);
  const interrupted = roundsByHand();
  for (let i = 0; i < 100; i++) {
    assertEquals(countReads(interrupted.rounds, 128), 0);
    interrupted.endTurn();
    if (i % 2 === 1) {
      assertEquals(countReads(interrupted.rounds, 20), 0);
      interrupted.endTurn();
    }
  }
});

Deno.test("ReadRounds ends a rest when turns one after the other had few reads", async () => {
  const byHand = roundsByHand();
  crowd(byHand);
  const { rounds, endTurn, isWatching } = byHand;
  let isOver = false;
  const over = rounds.untilNext().then(() => isOver = true);
  for (let i = 0; i < 63; i++) endTurn();
  // Others are read meanwhile: each of them waits as well, and the rest goes on.
  assertEquals(countReads(rounds, 100), 100);
  for (let i = 0; i < 64; i++) endTurn();
  await null;
  assertEquals(isOver, false);
  endTurn();
  await over;
  assertEquals(countReads(rounds, 1), 0);
  endTurn();
  assertEquals([countReads(rounds, 10), isWatching()], [0, false]);
});

Deno.test("ReadRounds watches no turn while nothing is read", () => {
  const { rounds, endTurn, isWatching } = roundsByHand();
  countReads(rounds, 20);
  assertEquals(isWatching(), true);
  endTurn();
  assertEquals(isWatching(), false);
});

Deno.test("ReadRounds ends a rest although new connections are read in every turn", async () => {
  const byHand = roundsByHand();
  const { rounds, endTurn } = byHand;
  crowd(byHand);
  const newest = rounds.rests;
  let isOver = false;
  const over = rounds.untilNext().then(() => isOver = true);
  for (let i = 0; i < 64; i++) {
    assertEquals(countReads(rounds, 100, newest), 100);
    assertEquals(isOver, false);
    endTurn();
    await null;
  }
  await over;
  assertEquals(newest, 1);
});

Deno.test("ReadRounds lets connections of the last rest prolong the next one", () => {
  const byHand = roundsByHand();
  const { rounds, endTurn } = byHand;
  crowd(byHand);
  const { rests } = rounds;
  for (let i = 0; i < 64; i++) endTurn();
  assertEquals(countReads(rounds, 1, rests), 0);
  crowd(byHand);
  for (let i = 0; i < 63; i++) endTurn();
  assertEquals(countReads(rounds, 100, rests), 100);
  endTurn();
  assertEquals(countReads(rounds, 1, rests), 1);
});
