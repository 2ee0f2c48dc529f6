/**
 * Tools to test your own protocols and transports.
 *
 * - {@linkcode RecordingProtocol} records every call of a transport, and lets a test wait for one.
 * - {@linkcode RecordingTransport} replaces a connection: the test plays the peer of a protocol.
 * - {@linkcode testTransport} tests a transport of your own against the whole contract.
 * - {@linkcode testDatagramEndpoint} does the same for datagrams.
 * - {@linkcode assertCodec} tests a codec: however the bytes are cut, both ways, and at its limit.
 * - {@linkcode readCapture} and {@linkcode replayCapture} make a test of a recorded conversation.
 * - {@linkcode simulate} runs servers and clients in a world with virtual time and faults, and
 *   {@linkcode explore} looks for a seed that makes them fail.
 *
 * Two transports that are connected in memory come from `memoryTransportPair` of `@sluice/net`.
 *
 * @example A protocol, tested without a network
 * ```ts
 * import type { Transport } from "@sluice/net";
 * import { RecordingTransport } from "@sluice/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const greeter = {
 *   connectionMade: (transport: Transport) => transport.write("Who is there?"),
 *   eofReceived: () => false,
 * };
 *
 * Deno.test("The greeter asks, and leaves with its peer", async () => {
 *   const transport = new RecordingTransport(greeter);
 *   transport.start();
 *   assertEquals(transport.writtenText, "Who is there?");
 *   await transport.feedEof();
 *   assertEquals((await transport.closed).endedBy, "peer");
 * });
 * ```
 *
 * @module
 */
export * from "./assert_codec.ts";
export * from "./recording/callback_recorder.ts";
export * from "./make_datagram_endpoint.ts";
export * from "./make_transport_pair.ts";
export * from "./capture/read_capture.ts";
export * from "./recording/recording_buffered_protocol.ts";
export * from "./recording/recording_protocol.ts";
export {
  RecordingTransport,
  type RecordingTransportOptions,
  type TransportCall,
} from "./recording/recording_transport.ts";
export * from "./capture/replay_capture.ts";
export type { ChaosKind, ChaosOptions } from "./simulation/faults/chaos.ts";
export type { Divergence } from "./simulation/answers/nondeterminism_error.ts";
export { NondeterminismError } from "./simulation/answers/nondeterminism_error.ts";
export * from "./simulation/explore.ts";
export type { Fault, ScheduledFault } from "./simulation/faults/faults.ts";
export type { Host, HostMain, HostOptions } from "./simulation/world/host.ts";
export type { Distribution, LinkConditions } from "./simulation/link_conditions.ts";
export type { Netstat, SocketStatus } from "./simulation/world/netstat.ts";
export type {
  Segment,
  SegmentKind,
  SegmentRule,
  Verdict,
} from "./simulation/faults/segment_rule.ts";
export type { PendingWait } from "./simulation/pending_wait.ts";
export type { HostWaits, RunState } from "./simulation/run_state.ts";
export * from "./simulation/simulate.ts";
export * from "./simulation/simulation_error.ts";
export type { SimulationOptions } from "./simulation/simulation_options.ts";
export type { Leftover, SimulationRun } from "./simulation/simulation_run.ts";
export type {
  FaultEvent,
  HostEvent,
  SegmentEvent,
  SimulationEvent,
  TimerEvent,
  WaitEvent,
} from "./simulation/trace.ts";
export type { RuleOptions, World } from "./simulation/world/world.ts";
export * from "./test_datagram_endpoint.ts";
export * from "./test_transport.ts";
