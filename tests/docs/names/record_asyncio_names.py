"""Records the public names of asyncio that docs/from_asyncio.md has to speak of.

    python3.13 tests/docs/names/record_asyncio_names.py

writes asyncio_names.json beside this file: by owner, the names of the module, the members of its
classes, the parameters of what connects and listens, and the keys of get_extra_info. Needs CPython
3.13 on a Unix system and nothing else.
"""

import ast
import asyncio
import asyncio.subprocess
import inspect
import json
import platform
import sys
import textwrap
from pathlib import Path

# Classes by the name that the tables of the page have for them; inherited members count as theirs.
CLASSES = {
    "Transport": asyncio.Transport,
    "DatagramTransport": asyncio.DatagramTransport,
    "SubprocessTransport": asyncio.SubprocessTransport,
    "Protocol": asyncio.Protocol,
    "BufferedProtocol": asyncio.BufferedProtocol,
    "DatagramProtocol": asyncio.DatagramProtocol,
    "SubprocessProtocol": asyncio.SubprocessProtocol,
    "StreamReader": asyncio.StreamReader,
    "StreamWriter": asyncio.StreamWriter,
    "Server": asyncio.Server,
    "loop": asyncio.AbstractEventLoop,
    "Task": asyncio.Task,
    "TimerHandle": asyncio.TimerHandle,
    "TaskGroup": asyncio.TaskGroup,
    "Timeout": asyncio.Timeout,
    "Runner": asyncio.Runner,
    "Queue": asyncio.Queue,
    "Lock": asyncio.Lock,
    "Event": asyncio.Event,
    "Condition": asyncio.Condition,
    "Semaphore": asyncio.Semaphore,
    "Barrier": asyncio.Barrier,
    "Process": asyncio.subprocess.Process,
    "IncompleteReadError": asyncio.IncompleteReadError,
    "LimitOverrunError": asyncio.LimitOverrunError,
}

UNIX_LOOP = asyncio.SelectorEventLoop

# What connects, listens or upgrades: its parameters are options here.
CALLS = [
    UNIX_LOOP.create_connection,
    UNIX_LOOP.create_server,
    UNIX_LOOP.create_unix_connection,
    UNIX_LOOP.create_unix_server,
    UNIX_LOOP.connect_accepted_socket,
    UNIX_LOOP.start_tls,
    asyncio.open_connection,
    asyncio.start_server,
]

# How the methods with underscores are written by those who use them.
SYNTAX = {"__aenter__": "async with", "__aiter__": "async for", "__await__": "await"}


def members(cls):
    """The public members of a class, and the attributes that its methods set."""
    inherited = set(dir(Exception if issubclass(cls, BaseException) else object))
    names = {SYNTAX.get(name, name) for name in set(dir(cls)) - inherited}
    for base in cls.__mro__:
        names |= attributes(base)
    return sorted(name for name in names if not name.startswith("_"))


def attributes(cls):
    """The names that the source of a class assigns as `self.name`."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    except (OSError, TypeError):
        return set()  # Written in C.
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }


def parameters():
    """The names of all parameters of the calls, but those that collect the rest."""
    collecting = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return sorted({
        name
        for call in CALLS
        for name, parameter in inspect.signature(call).parameters.items()
        if name != "self" and parameter.kind not in collecting
    })


def extra_info():
    """The keys of get_extra_info: what the sources of asyncio put into `_extra`."""
    keys = set()
    for path in Path(asyncio.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            keys |= keys_set_by(node)
    return sorted(keys)


def is_extra(node):
    return isinstance(node, ast.Attribute) and node.attr == "_extra"


def keys_set_by(node):
    match node:
        # self._extra['socket'] = ...
        case ast.Subscript(value=target, slice=ast.Constant(value=key)) if is_extra(target):
            return {key}
        # self._extra.update(peercert=...)
        case ast.Call(func=ast.Attribute(attr="update", value=target)) if is_extra(target):
            return {keyword.arg for keyword in node.keywords}
        # self._extra = dict(sslcontext=...)
        case ast.Assign(targets=[target], value=ast.Call()) if is_extra(target):
            return {keyword.arg for keyword in node.value.keywords}
    return set()


def record():
    names = {"asyncio": sorted(name for name in asyncio.__all__ if not name.startswith("_"))}
    names |= {owner: members(cls) for owner, cls in CLASSES.items()}
    names |= {"parameter": parameters(), "extra info": extra_info()}
    return {"python": platform.python_version(), "names": names}


if __name__ == "__main__":
    if sys.version_info[:2] != (3, 13):
        sys.exit(f"Cannot record: this is Python {platform.python_version()}, not 3.13")
    target = Path(__file__).with_name("asyncio_names.json")
    target.write_text(json.dumps(record(), indent=2) + "\n")
    print(f"wrote {target.name}")
