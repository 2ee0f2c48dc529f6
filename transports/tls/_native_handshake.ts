import { giveTransport } from "../../protocols/base_protocol.ts";
import { Placeholder } from "../core/placeholder.ts";
import type { AnyProtocol, Transport } from "../../protocols/contract.ts";
import { HandshakeTimeoutError } from "../../protocols/errors.ts";
import { connectionOf } from "../core/carrier_transport.ts";
import { clockFor, startTimer } from "../core/clock.ts";
import { callBack, endsConnection } from "../core/callbacks.ts";
import { toError } from "../core/error_report.ts";
import type { LayerFactory, TransportOptions } from "../core/transport_options.ts";
import type { SecureCarrier } from "../core/carrier.ts";
import { endsOf, handshakeError } from "./_tls_errors.ts";

/**
 * Replaces the protocols of a native TLS connection until its handshake is done, then has the same
 * transport drive them: it costs nothing afterwards.
 */
export function nativeHandshake(carrier: SecureCarrier, timeoutMs: number): LayerFactory {
  return (upper, options) => new NativeHandshake(carrier, timeoutMs, upper, options);
}

class NativeHandshake extends Placeholder {
  readonly #carrier: SecureCarrier;
  readonly #timeoutMs: number;
  readonly #options: TransportOptions;
  #isOver = false;

  constructor(
    carrier: SecureCarrier,
    timeoutMs: number,
    upper: AnyProtocol,
    options: TransportOptions,
  ) {
    super(upper);
    this.#carrier = carrier;
    this.#timeoutMs = timeoutMs;
    this.#options = options;
  }

  override connectionMade(transport: Transport): void {
    transport.pauseReading();
    void this.#run(transport);
  }

  override connectionLost(error: Error | null): unknown {
    this.#isOver = true;
    return super.connectionLost(error);
  }

  async #run(transport: Transport): Promise<void> {
    const ends = endsOf(transport);
    const stopTimer = startTimer(this.#timeoutMs, () => {
      transport.abort(new HandshakeTimeoutError(ends, this.#timeoutMs));
    }, clockFor(transport));
    try {
      await this.#carrier.handshake();
    } catch (thrown) {
      transport.abort(handshakeError(toError(thrown), transport));
    } finally {
      stopTimer();
    }
    if (!this.#isOver && !transport.isClosing()) this.#begin(transport);
  }

  #begin(transport: Transport): void {
    this.handOver(transport);
    connectionOf(transport)?.outcome.restartClock();
    transport.resumeReading();
    const onError = endsConnection(transport, this.#options.onError);
    giveTransport(this.protocol, transport);
    callBack(this.protocol, "connectionMade", onError, transport);
  }
}
