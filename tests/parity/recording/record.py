"""Records what CPython's asyncio does in every scenario.

    python3.13 tests/parity/recording/record.py            # all scenarios, into recorded/
    python3.13 tests/parity/recording/record.py --only eof # those whose name or theme holds "eof"
    python3.13 tests/parity/recording/record.py --check    # compares with recorded/ and writes nothing

Each scenario runs many times; one whose trace varies is not recorded, and the exit code is 1.
"""

import argparse
import json
import logging
import pathlib
import platform
import sys
import warnings

# Before the modules beside this one are loaded: nothing is left in the tree but recordings.
sys.dont_write_bytecode = True

from asyncio_runner import run_scenario  # noqa: E402

HERE = pathlib.Path(__file__).parent.parent
VERSION = (3, 13)


def parse_arguments():
    parser = argparse.ArgumentParser(description="Record the parity scenarios on CPython's asyncio")
    parser.add_argument("--runs", type=int, default=30, help="runs of each scenario")
    parser.add_argument("--only", default="", help="part of the name of a theme or scenario")
    parser.add_argument("--check", action="store_true", help="compare, do not write")
    return parser.parse_args()


def observe(scenario, runs):
    """The one trace of all runs, or a text that says how they vary."""
    traces = {}
    for _ in range(runs):
        try:
            trace = run_scenario(scenario)
        except Exception as error:
            return None, f"{type(error).__name__}: {error}"
        traces.setdefault(json.dumps(trace, sort_keys=True), []).append(trace)
    if len(traces) > 1:
        variants = [f"{len(same)} times {json.dumps(same[0])}" for same in traces.values()]
        return None, "the trace varies:\n    " + "\n    ".join(variants)
    return next(iter(traces.values()))[0], None


def record_theme(path, arguments):
    """Records one file of scenarios; returns how many and how many failed."""
    theme = json.loads(path.read_text())
    target = HERE / "recorded" / path.name
    old = json.loads(target.read_text())["traces"] if target.exists() else {}
    traces, count, failures = {}, 0, 0
    for scenario in theme["scenarios"]:
        name = scenario["name"]
        if arguments.only not in path.stem and arguments.only not in name:
            if name in old:
                traces[name] = old[name]
            continue
        count += 1
        trace, problem = observe(scenario, arguments.runs)
        if problem is None and arguments.check and trace != old.get(name):
            problem = f"recorded {json.dumps(old.get(name))}\n    now {json.dumps(trace)}"
        if problem is not None:
            failures += 1
            print(f"{path.stem}: {name}: {problem}", file=sys.stderr)
        else:
            traces[name] = {lane: trace[lane] for lane in sorted(trace)}
    if not arguments.check:
        recording = {
            "python": platform.python_version(),
            "implementation": platform.python_implementation(),
            "system": platform.system(),
            "runs": arguments.runs,
            "traces": traces,
        }
        target.write_text(json.dumps(recording, indent=2, ensure_ascii=False) + "\n")
    return count, failures


def main():
    arguments = parse_arguments()
    if sys.version_info[:2] != VERSION:
        sys.exit(f"Cannot record: this is Python {platform.python_version()}, 3.13 is the reference")
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore", ResourceWarning)
    total, failed = 0, 0
    for path in sorted((HERE / "scenarios").glob("*.json")):
        count, failures = record_theme(path, arguments)
        total, failed = total + count, failed + failures
        if count:
            print(f"{path.stem}: {count - failures} of {count}")
    verb = "checked" if arguments.check else "recorded"
    print(f"{verb} {total - failed} of {total} scenarios, {arguments.runs} runs each")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
