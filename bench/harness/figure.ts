/** What can be measured: the figures that scenarios give, with their units and directions. */

/** One kind of figure. */
export interface Figure {
  /** Its key in reports. */
  readonly key: string;
  /** The head of its column. */
  readonly label: string;
  /** Which way is good. */
  readonly better: "higher" | "lower";
  /** Whether its ratio to the raw loop says something: it is shown, and `--check` looks at it. */
  readonly compared: boolean;
}

/** Messages echoed or decoded a second. */
export const MESSAGES: Figure = {
  key: "messagesPerSecond",
  label: "messages/s",
  better: "higher",
  compared: true,
};

/** CPU time of the server's process for one message, user and system, in microseconds. */
export const MESSAGE_CPU: Figure = {
  key: "cpuPerMessageUs",
  label: "CPU µs/message",
  better: "lower",
  compared: true,
};

/** CPU time for one message decoded, user and system, in nanoseconds. */
export const DECODING_CPU: Figure = {
  key: "cpuPerMessageNs",
  label: "CPU ns/message",
  better: "lower",
  compared: true,
};

/** Requests answered a second. */
export const REQUESTS: Figure = {
  key: "requestsPerSecond",
  label: "requests/s",
  better: "higher",
  compared: true,
};

/** CPU time of the server's process for one request, user and system, in microseconds. */
export const REQUEST_CPU: Figure = {
  key: "cpuPerRequestUs",
  label: "CPU µs/request",
  better: "lower",
  compared: true,
};

/** Connections opened, used and closed a second. */
export const CONNECTIONS: Figure = {
  key: "connectionsPerSecond",
  label: "connections/s",
  better: "higher",
  compared: true,
};

/** CPU time of the server's process for one connection, in microseconds. */
export const CONNECTION_CPU: Figure = {
  key: "cpuPerConnectionUs",
  label: "CPU µs/connection",
  better: "lower",
  compared: true,
};

/** Bytes echoed a second, in MiB (1,048,576 bytes). */
export const MEBIBYTES: Figure = {
  key: "mebibytesPerSecond",
  label: "MiB/s",
  better: "higher",
  compared: true,
};

/** CPU time of the server's process for one MiB echoed, in microseconds. */
export const MEBIBYTE_CPU: Figure = {
  key: "cpuPerMebibyteUs",
  label: "CPU µs/MiB",
  better: "lower",
  compared: true,
};

/** Memory of the server's process for one idle connection, in KiB. */
export const CONNECTION_MEMORY: Figure = {
  key: "kibibytesPerConnection",
  label: "KiB/connection",
  better: "lower",
  compared: true,
};

/** What the server's process holds more than before, in MiB. */
export const MEMORY_GROWTH: Figure = {
  key: "mebibytesMore",
  label: "MiB more",
  better: "lower",
  compared: false, // a few MiB of garbage not yet collected are most of it
};

/** Bytes that a server took from a peer that does not read, the system's buffers included, in MiB. */
export const TAKEN: Figure = {
  key: "mebibytesTaken",
  label: "MiB taken",
  better: "lower",
  compared: false,
};

/** Latency percentiles in microseconds, from the moment a message was due. */
export const LATENCIES: readonly Figure[] = [
  { key: "p50Us", label: "p50 µs", better: "lower", compared: true },
  { key: "p90Us", label: "p90 µs", better: "lower", compared: false },
  { key: "p99Us", label: "p99 µs", better: "lower", compared: true },
  { key: "p999Us", label: "p99.9 µs", better: "lower", compared: false },
  { key: "maxUs", label: "max µs", better: "lower", compared: false },
];
