#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only

load common

# in_python: run a Python program from standard input that can import the module.
in_python()
{
	local top plain=${PLAIN:-$BUILD/bin/bcctl}
	top=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd -P)
	PYTHONPATH=$top/lib/python LD_LIBRARY_PATH=${plain%/bin/bcctl}/lib PYTHONDONTWRITEBYTECODE=1 \
		/usr/bin/python3 - "$MACHINES"
}

@test "python: the examples of the documentation" {
	in_python <<-'PYTHON'
	import beancounter, doctest, sys
	failed, tried = doctest.testmod(beancounter, extraglobs={"MACHINE": sys.argv[1] + "/farm"})
	assert not failed and tried >= 12, (failed, tried)
	PYTHON
}

@test "python: errors are OSError and ValueError, objects are freed" {
	in_python <<-'PYTHON'
	import beancounter, errno, gc, os, sys
	host = beancounter.Host(sys.argv[1] + "/farm")
	def error(call, *arguments, **more):
	    try:
	        call(*arguments, **more)
	    except OSError as e:
	        return e.errno
	web = host.group("/web")
	assert error(beancounter.Host, "/nonexistent") == errno.ENOENT
	assert error(host.group_of, 99) == errno.ESRCH
	assert error(web.make, "x") == errno.EROFS and error(web.remove) == errno.EROFS
	assert error(web.spawn, "true") == errno.EROFS and error(web.reset) == errno.EROFS
	for name in ("", ".", "..", "a/b", "a\nb"):
	    assert error(web.make, name) == errno.EINVAL, name
	for words, unit in (("1.5", "bytes"), ("1K", "items"), ("x", "pages")):
	    try:
	        beancounter.size(words, unit)
	        raise SystemExit(words)
	    except ValueError:
	        pass
	assert beancounter.size("max") is None
	with open("/dev/null") as null:
	    assert error(host.group_fd, null.fileno()) == errno.ENOTDIR
	fd = os.open("/", os.O_RDONLY)
	assert error(host.group_fd, fd) == errno.EXDEV
	os.close(fd)
	fd = os.open(host.mount + "/web/job", os.O_RDONLY)
	assert host.group_fd(fd).path == "/web/job"
	os.close(fd)
	assert host.group_of(4711).path == "/db"
	assert host.group_id(web.id).path == "/web"
	before = len(os.listdir("/proc/self/fd"))
	for _ in range(100):
	    [g.account() for g in host.group().walk() if g.path != "/"]
	gc.collect()
	assert len(os.listdir("/proc/self/fd")) <= before + 2
	with host.group("/db") as db:
	    assert db.account()["kmemsize"].failcnt_local == 0
	    assert db.account(local=False)["kmemsize"].failcnt_local is None
	assert beancounter.version()
	PYTHON
}
