import { assertEquals } from "@std/assert";
import { BufferedProtocol } from "../../protocols/buffered_protocol.ts";
import { DatagramProtocol } from "../../protocols/datagram_protocol.ts";
import { Protocol } from "../../protocols/protocol.ts";
import { SubprocessProtocol } from "../../protocols/subprocess_protocol.ts";

class LendingProtocol extends BufferedProtocol {
  override getBuffer(): Uint8Array {
    return new Uint8Array(1);
  }
}

/** Every class of protocols, and the callbacks that its users may leave alone. */
const CLASSES: [new () => object, string[]][] = [
  [Protocol, [
    "connectionMade",
    "connectionLost",
    "pauseWriting",
    "resumeWriting",
    "dataReceived",
    "eofReceived",
  ]],
  [LendingProtocol, [
    "connectionMade",
    "connectionLost",
    "pauseWriting",
    "resumeWriting",
    "bufferUpdated",
    "eofReceived",
  ]],
  [DatagramProtocol, [
    "connectionMade",
    "connectionLost",
    "datagramReceived",
    "errorReceived",
    "pauseWriting",
    "resumeWriting",
  ]],
  [SubprocessProtocol, [
    "connectionMade",
    "connectionLost",
    "pipeDataReceived",
    "pipeConnectionLost",
    "processExited",
    "pauseWriting",
    "resumeWriting",
  ]],
];

for (const [Class, callbacks] of CLASSES) {
  Deno.test(`${Class.name} answers every callback by doing nothing`, () => {
    const protocol = new Class();
    for (const name of callbacks) {
      const callback: unknown = Reflect.get(protocol, name);
      assertEquals(typeof callback, "function", name);
      // No body looks at what it is given.
      assertEquals(Reflect.apply(callback as () => unknown, protocol, []), undefined, name);
    }
  });

  Deno.test(`${Class.name} holds no state of its own`, () => {
    assertEquals(Reflect.ownKeys(new Class()), []);
  });
}
