# SPDX-License-Identifier: LGPL-2.1-only
"""Read and set the accounts of groups of processes.

This is libbeancounter for Python.  The examples read a copy of a machine's files
in the directory MACHINE; Host() without a directory is the machine that the
program runs on.

>>> host = Host(MACHINE)
>>> web = host.group("/web")
>>> web.path
'/web'
>>> account = web.account()
>>> account["kmemsize"].held
4194304
>>> account["numproc"].barrier, account["numproc"].unit
(240, 'items')

None stands for unlimited, and for a value that the kernel does not have:

>>> account["numwidget"].limit is None
True

The barrier of vmguarpages and oomguarpages is a guarantee, and None there means no
guarantee; physpages and swappages are only shown, and nothing is refused for them.

Sizes are numbers in the unit of their resource.  size() reads and text() writes
them in the form that people use:

>>> size("1.5G"), size("256M", "pages")
(1610612736, 65536)
>>> text(65536, "pages"), text(None)
('256M', 'max')

A group and all groups below it, each before those below it:

>>> [group.path for group in host.group("/web").walk()]
['/web', '/web/job']

Barriers and limits are set all together or not at all.  In a copy nothing can be
set:

>>> web.set(kmemsize=(16 << 20, 18 << 20), numproc=(100, None))
Traceback (most recent call last):
    ...
OSError: [Errno 30] Read-only file system: '/web'
>>> host.group("/nope")
Traceback (most recent call last):
    ...
FileNotFoundError: [Errno 2] No such file or directory: '/nope'
"""

import collections
import ctypes
import os

__all__ = ["Host", "Group", "Account", "Resource", "Events", "Refusals", "Refusal",
           "size", "text", "version"]

_lib = ctypes.CDLL("libbeancounter.so.0")
_MAX = (1 << 64) - 1
_UNITS = ("bytes", "pages", "items")
_FIELDS = ("held", "maxheld", "barrier", "limit", "failcnt", "forced", "failcnt_local")
_BARRIER, _LIMIT = 2, 3
_READ_LOCAL = _EVENTS_LOCAL = 1

_p, _s, _i = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
_u64, _size = ctypes.c_uint64, ctypes.c_size_t


def _declare(name, result, *arguments):
    function = getattr(_lib, "libbc_" + name)
    function.restype, function.argtypes = result, arguments
    return function


_version = _declare("version", _s)
_host_open = _declare("host_open", _i, _s, _p)
_host_close = _declare("host_close", None, _p)
_host_mount = _declare("host_mount", _s, _p)
_group_open = _declare("group_open", _i, _p, _s, _p)
_group_open_pid = _declare("group_open_pid", _i, _p, _i, _p)
_group_open_id = _declare("group_open_id", _i, _p, _u64, _p)
_group_open_fd = _declare("group_open_fd", _i, _p, _i, _p)
_group_make = _declare("group_make", _i, _p, _s, _p)
_group_remove = _declare("group_remove", _i, _p)
_group_fork = _declare("group_fork", _i, _p)
_group_close = _declare("group_close", None, _p)
_group_path = _declare("group_path", _s, _p)
_group_id = _declare("group_id", _u64, _p)
_group_fd = _declare("group_fd", _i, _p)
_account_read = _declare("account_read", _i, _p, ctypes.c_uint, _p)
_account_free = _declare("account_free", None, _p)
_account_count = _declare("account_count", _size, _p)
_account_get = _declare("account_get", _p, _p, _size)
_resource_name = _declare("resource_name", _s, _p)
_resource_unit = _declare("resource_unit", _i, _p)
_resource_has = _declare("resource_has", ctypes.c_bool, _p, _i)
_resource_value = _declare("resource_value", _u64, _p, _i)
_settings_new = _declare("settings_new", _i, _p)
_settings_free = _declare("settings_free", None, _p)
_settings_add = _declare("settings_add", _i, _p, _s, _i, _u64)
_settings_apply = _declare("settings_apply", _i, _p, _p)
_maxheld_reset = _declare("maxheld_reset", _i, _p, _p, _size)
_events_open = _declare("events_open", _i, _p, ctypes.c_uint, _p)
_events_close = _declare("events_close", None, _p)
_events_fd = _declare("events_fd", _i, _p)
_events_next = _declare("events_next", _i, _p, _p, _p)
_refusals_open = _declare("refusals_open", _i, _p, _p)
_refusals_close = _declare("refusals_close", None, _p)
_refusals_fd = _declare("refusals_fd", _i, _p)
_refusals_next = _declare("refusals_next", _i, _p, _p)
_refusals_lost = _declare("refusals_lost", _u64, _p)
_refusal_value = _declare("refusal_value", _u64, _p, _i)
_refusal_process = _declare("refusal_process", _s, _p)
_refusal_resource = _declare("refusal_resource", _s, _p)
_walk_open = _declare("walk_open", _i, _p, _p)
_walk_close = _declare("walk_close", None, _p)
_walk_next = _declare("walk_next", _i, _p, _p)
_size_parse = _declare("size_parse", _i, _s, _i, _p)
_size_format = _declare("size_format", _s, _u64, _i, ctypes.c_uint, _s)
_unit_of = _declare("unit_of", _i, _s)


def _check(result, name=None):
    if result < 0:
        raise OSError(-result, os.strerror(-result), name)
    return result


def version():
    """The version of the library."""
    return _version().decode()


def size(words, unit="bytes"):
    """Read a number like 256M or max, and return it in the unit; None is max."""
    value = _u64()
    if _size_parse(words.encode(), _UNITS.index(unit), ctypes.byref(value)) < 0:
        raise ValueError("%r is not a number of %s" % (words, unit))
    return None if value.value == _MAX else value.value


def text(value, unit="bytes"):
    """Write a number in the form that people use; None is max."""
    buffer = ctypes.create_string_buffer(24)
    number = _MAX if value is None else value
    return _size_format(number, _UNITS.index(unit), 0, buffer).decode()


class _Object:
    """An object of the library, which is freed with the last reference to it."""

    _close = None

    def __init__(self, pointer):
        self._pointer = pointer

    def close(self):
        """Free the object; it cannot be used after that."""
        pointer, self._pointer = self._pointer, None
        if pointer:
            type(self)._close(pointer)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def __del__(self):
        if getattr(self, "_pointer", None):
            self.close()


class Host(_Object):
    """The machine, or a copy of its files below a directory."""

    _close = _host_close

    def __init__(self, sysroot=None):
        pointer = _p()
        root = os.fsencode(sysroot) if sysroot is not None else None
        _check(_host_open(root, ctypes.byref(pointer)), sysroot)
        super().__init__(pointer)

    @property
    def mount(self):
        """The mount point of cgroup2, where the groups are."""
        return os.fsdecode(_host_mount(self._pointer))

    def _open(self, function, what, argument):
        pointer = _p()
        _check(function(self._pointer, argument, ctypes.byref(pointer)), what)
        return Group(pointer, self)

    def group(self, path="/"):
        """Open a group by its path, like /web/job."""
        return self._open(_group_open, path, os.fsencode(path))

    def group_of(self, pid=0):
        """Open the group that a process is in; 0 stands for this process."""
        return self._open(_group_open_pid, pid, pid)

    def group_id(self, number):
        """Open a group by its number, as the tracepoints of the kernel print it."""
        return self._open(_group_open_id, number, number)

    def group_fd(self, fd):
        """Open the group whose directory this descriptor refers to."""
        return self._open(_group_open_fd, fd, fd)

    def refusals(self):
        """Record each refusal of the machine from now on; only for root."""
        return Refusals()


class Group(_Object):
    """A group, which stays the same group even if another one gets its name."""

    _close = _group_close

    def __init__(self, pointer, host):
        super().__init__(pointer)
        self.host = host

    @property
    def path(self):
        """The path of the group from the top."""
        return os.fsdecode(_group_path(self._pointer))

    @property
    def id(self):
        """The number of the group."""
        return _group_id(self._pointer)

    def fileno(self):
        """A descriptor of the directory, opened with O_PATH."""
        return _group_fd(self._pointer)

    def account(self, local=True):
        """Read a copy of the account; with local, it includes failcnt_local."""
        pointer = _p()
        flags = _READ_LOCAL if local else 0
        _check(_account_read(self._pointer, flags, ctypes.byref(pointer)), self.path)
        try:
            return Account(pointer)
        finally:
            _account_free(pointer)

    def set(self, **limits):
        """Set barriers and limits, all or none: kmemsize=(barrier, limit).

        A number alone is the barrier.  None is unlimited, and Ellipsis leaves the
        barrier or limit in whose place it stands as it is.
        """
        settings = _p()
        _check(_settings_new(ctypes.byref(settings)))
        try:
            for name, pair in limits.items():
                pair = pair if isinstance(pair, tuple) else (pair, ...)
                for field, value in zip((_BARRIER, _LIMIT), pair):
                    if value is ...:
                        continue
                    number = _MAX if value is None else value
                    _check(_settings_add(settings, name.encode(), field, number), name)
            _check(_settings_apply(settings, self._pointer), self.path)
        finally:
            _settings_free(settings)

    def reset(self, *names):
        """Set maxheld to held for these resources, or for all of them."""
        array = (_s * len(names))(*[name.encode() for name in names])
        _check(_maxheld_reset(self._pointer, array, len(names)), self.path)

    def walk(self):
        """Yield this group and all groups below it."""
        walk = _p()
        _check(_walk_open(self._pointer, ctypes.byref(walk)), self.path)
        try:
            while True:
                pointer = _p()
                if not _check(_walk_next(walk, ctypes.byref(pointer)), self.path):
                    return
                yield Group(pointer, self.host)
        finally:
            _walk_close(walk)

    def events(self, local=False):
        """Count refusals by this group and groups below it; with local, only its own."""
        pointer = _p()
        flags = _EVENTS_LOCAL if local else 0
        _check(_events_open(self._pointer, flags, ctypes.byref(pointer)), self.path)
        return Events(pointer)

    def refusals(self):
        """Record each refusal by this group or to its processes; only for root."""
        return Refusals(self)

    def make(self, name):
        """Make a group below this one, and return it."""
        pointer = _p()
        _check(_group_make(self._pointer, os.fsencode(name), ctypes.byref(pointer)), name)
        return Group(pointer, self.host)

    def remove(self):
        """Remove this group, in which there must be no process and no group."""
        _check(_group_remove(self._pointer), self.path)

    def spawn(self, *command):
        """Start a command in this group, and return the ID of its process.

        The process is in the group from its first instruction on.  If the command
        cannot be run, the process ends with 127.
        """
        arguments = [os.fsencode(word) for word in command]
        pid = _check(_group_fork(self._pointer), self.path)
        if not pid:
            try:
                os.execvp(arguments[0], arguments)
            finally:
                os._exit(127)
        return pid


class Resource:
    """One resource in the account of a group.

    held, maxheld, barrier, limit, failcnt, forced, failcnt_local: a number, or
    None for unlimited and for a value that the kernel does not have.
    """

    def __init__(self, pointer):
        self.name = _resource_name(pointer).decode()
        self.unit = _UNITS[_resource_unit(pointer)]
        for field, name in enumerate(_FIELDS):
            value = None
            if _resource_has(pointer, field):
                value = _resource_value(pointer, field)
            setattr(self, name, None if value == _MAX else value)

    def __repr__(self):
        return "<%s: held %s of %s>" % (
            self.name, text(self.held, self.unit), text(self.barrier, self.unit))


class Account(dict):
    """The resources of a group, by name and in the order of the kernel."""

    def __init__(self, pointer):
        super().__init__()
        for index in range(_account_count(pointer)):
            resource = Resource(_account_get(pointer, index))
            self[resource.name] = resource


class Events(_Object):
    """Numbers of new refusals; select() can wait for them."""

    _close = _events_close

    def fileno(self):
        """A descriptor that is readable when something has been refused."""
        return _events_fd(self._pointer)

    def read(self):
        """The refusals since the last call: {resource: number of refusals}."""
        found = {}
        name, refusals = _s(), _u64()
        while _check(_events_next(self._pointer, ctypes.byref(name), ctypes.byref(refusals))):
            found[name.value.decode()] = refusals.value
        return found


Refusal = collections.namedtuple(
    "Refusal", "group payer pid process resource requested held barrier limit")
Refusal.__doc__ = """One refusal: the process that asked, and the amount that it requested.

group is the number of the group whose barrier or limit refused, and payer the
number of the group that would have paid; see Host.group_id().  A barrier or limit
of None is unlimited.
"""


class Refusals(_Object):
    """Refusals, one by one; select() can wait for them."""

    _close = _refusals_close

    def __init__(self, group=None):
        pointer = _p()
        _check(_refusals_open(group and group._pointer, ctypes.byref(pointer)),
               group and group.path)
        super().__init__(pointer)

    def fileno(self):
        """A descriptor that is readable when something has been refused."""
        return _refusals_fd(self._pointer)

    @property
    def lost(self):
        """How many refusals were lost because they came too fast."""
        return _refusals_lost(self._pointer)

    def read(self):
        """The refusals since the last call, as a list of Refusal."""
        found = []
        pointer = _p()
        while _check(_refusals_next(self._pointer, ctypes.byref(pointer))):
            numbers = [_refusal_value(pointer, field) for field in range(7)]
            barrier, limit = (None if n == _MAX else n for n in numbers[5:])
            found.append(Refusal(
                *numbers[:3], os.fsdecode(_refusal_process(pointer)),
                _refusal_resource(pointer).decode(), *numbers[3:5], barrier, limit))
        return found
