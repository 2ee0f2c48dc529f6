import { report, toError } from "../../transports/core/error_report.ts";
import { NetworkCapture } from "./capture/network_capture.ts";
import type { SimulationOptions, SimulationSettings } from "./simulation_options.ts";
import { TimelineRecorder } from "./timeline/timeline_recorder.ts";
import type { Trace } from "./trace.ts";

/** Writes down a run while it goes on. */
interface Recorder {
  /** Writes the end. Resolves to an error if it could not be written. */
  close(title: string): Promise<Error | null>;
}

/** The records of one run: the capture and the picture, if they are wanted. */
export class RunRecorders {
  readonly #recorders: Recorder[] = [];

  /**
   * Begins with `trace`, before anything has happened.
   *
   * @param stopTime Stops the time of the world until something outside of it is done.
   */
  constructor(
    trace: Trace,
    options: SimulationOptions,
    { startTime }: SimulationSettings,
    stopTime: (until: Promise<void>) => unknown,
  ) {
    const { capture, timeline } = options;
    if (capture !== undefined) {
      const recorder = new NetworkCapture(capture, startTime, stopTime);
      trace.subscribe((event) => recorder.add(event));
      this.#recorders.push(recorder);
    }
    if (timeline !== undefined) {
      const recorder = new TimelineRecorder();
      trace.subscribe((event) => recorder.add(event));
      this.#recorders.push({ close: (title) => write(timeline, recorder.draw(title)) });
    }
  }

  /**
   * Writes everything.
   *
   * @param title The run in a few words.
   * @param hasFailed Whether there is a failure already, which goes before one of these.
   */
  async close(title: string, hasFailed: boolean): Promise<void> {
    for (const recorder of this.#recorders) {
      const error = await recorder.close(title);
      if (error === null) continue;
      if (!hasFailed) throw error;
      report(undefined, error, { callback: "capture", transport: null });
    }
  }
}

async function write(
  sink: string | URL | ((svg: string) => void),
  svg: string,
): Promise<Error | null> {
  try {
    if (typeof sink === "function") sink(svg);
    else await Deno.writeTextFile(sink, svg);
    return null;
  } catch (error) {
    return toError(error);
  }
}
