import type {
  SubprocessProtocolCallbacks,
  SubprocessTransport,
} from "../../../protocols/subprocess_contract.ts";
import { subprocessExec } from "../../../transports/processes/subprocess.ts";
import { decodeData } from "../running/scenario.ts";
import { commandOf, type ProcessScenario } from "./process_scenario.ts";
import type { RecordedTrace } from "./recorded_trace.ts";
import { showError, showValue } from "./show.ts";

/** A scenario by callbacks. */
export class ProtocolRun {
  readonly #scenario: ProcessScenario;
  readonly #trace: RecordedTrace;
  #transport: SubprocessTransport | null = null;

  /** Starts with {@linkcode start}. */
  constructor(scenario: ProcessScenario, trace: RecordedTrace) {
    this.#scenario = scenario;
    this.#trace = trace;
  }

  /** Starts the process. */
  async start(): Promise<void> {
    const { program, options } = commandOf(this.#scenario);
    const { transport } = await subprocessExec(() => this.#recorder(), program, {
      ...options,
      onError: (error) => this.#trace.note("process", `onError ${showError(error)}`),
    });
    this.#transport = transport;
  }

  /** Makes one step. */
  async perform(action: string, ...rest: readonly unknown[]): Promise<void> {
    const transport = this.#live;
    const [first] = rest;
    const pipe = transport.getPipeTransport(typeof first === "number" ? first : 0);
    switch (action) {
      case "write":
        return void transport.getPipeTransport(0)?.write(decodeData(first) as Uint8Array);
      case "writeEof":
        return pipe?.writeEof();
      case "closePipe":
        return pipe?.close();
      case "abortPipe":
        return pipe?.abort();
      case "pause":
        return pipe?.pauseReading();
      case "resume":
        return pipe?.resumeReading();
      case "signal":
        return transport.sendSignal(String(first));
      case "terminate":
      case "kill":
      case "close":
        return transport[action]();
      case "until":
        return await this.#trace.until(String(first), String(rest[1]));
      default:
        return this.#trace.note("calls", this.#ask(action, first, pipe !== null));
    }
  }

  /** Ends what still runs. */
  async end(): Promise<void> {
    this.#live.close();
    await this.#live.closed;
  }

  get #live(): SubprocessTransport {
    if (this.#transport === null) throw new Error("Nothing was started");
    return this.#transport;
  }

  #ask(action: string, first: unknown, hasPipe: boolean): string {
    switch (action) {
      case "hasPipe":
        return `hasPipe ${first} ${showValue(hasPipe)}`;
      case "isClosing":
        return `isClosing ${showValue(this.#live.isClosing())}`;
      case "returncode":
        return `returncode ${showValue(this.#live.getReturncode())}`;
      case "hasPid":
        return `hasPid ${showValue(this.#live.getPid() > 0)}`;
      default:
        throw new Error(`Cannot perform ${action}`);
    }
  }

  #recorder(): SubprocessProtocolCallbacks {
    const trace = this.#trace;
    let fails = this.#scenario.fails;
    return {
      connectionMade: () => trace.note("process", "connectionMade"),
      pipeDataReceived(fd, chunk): void {
        trace.data(String(fd), chunk);
        if (fails !== "pipeDataReceived") return;
        fails = undefined;
        throw Object.assign(new Error("On purpose"), { name: "ZeroDivisionError" });
      },
      pipeConnectionLost: (fd, error) =>
        trace.note(String(fd), `pipeConnectionLost ${showError(error)}`),
      pauseWriting: (fd) => trace.note(String(fd), "pauseWriting"),
      resumeWriting: (fd) => trace.note(String(fd), "resumeWriting"),
      processExited: () => trace.note("process", "processExited"),
      connectionLost: (error) => trace.note("process", `connectionLost ${showError(error)}`),
    };
  }
}
