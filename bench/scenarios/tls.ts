/** Echo, handshakes and idle memory over TLS. */

import type { Scenario } from "../harness/scenario.ts";
import { onceScenario } from "./connections.ts";
import { echoScenario } from "./echo.ts";
import { idleScenario } from "./memory.ts";

/** The scenarios of this file. */
export const scenarios: readonly Scenario[] = [
  echoScenario({
    name: "tls-b",
    title: "TLS, 64 B, 50 connections, one outstanding on each",
    role: "tls",
    quick: false,
    connections: 50,
    size: 64,
    depth: 1,
  }),
  echoScenario({
    name: "tls-c",
    title: "TLS, 64 B, 50 connections, 16 outstanding on each",
    role: "tls",
    quick: false,
    connections: 50,
    size: 64,
    depth: 16,
  }),
  echoScenario({
    name: "tls-e",
    title: "TLS, 64 KiB, 4 connections, 4 outstanding on each",
    role: "tls",
    quick: false,
    connections: 4,
    size: 64 * 1024,
    depth: 4,
  }),
  onceScenario({
    name: "tls-g",
    title: "TLS handshake, echo 64 B once, close",
    role: "tls",
    // One at a time shows what each waits for, fifty what each costs.
    points: [1, 50].map((value) => ({ label: `${value} at a time`, value })),
  }),
  idleScenario({
    name: "tls-f",
    title: "memory for each TLS connection that has echoed 64 B and is idle",
    role: "tls",
    quick: false,
    points: () => [{ label: "500 connections", value: 500 }],
  }),
];
