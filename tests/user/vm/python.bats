#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only

load common

@test "python: make a group, run a command in it, read its refusals, remove the group" {
	local top
	top=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd -P)
	PYTHONPATH=$top/lib/python LD_LIBRARY_PATH=$BUILD/lib PYTHONDONTWRITEBYTECODE=1 \
		/usr/bin/python3 - "$GROUP" "$TOOLS/hog" <<-'PYTHON'
	import beancounter, errno, os, select, sys
	host = beancounter.Host()
	parent = host.group(sys.argv[1])
	job = parent.make("job")
	assert job.path == sys.argv[1] + "/job"
	try:
	    parent.make("job")
	    raise SystemExit("made twice")
	except FileExistsError:
	    pass
	job.set(kmemsize=(1 << 20, 2 << 20), numproc=(None, 10))
	account = job.account()
	assert account["kmemsize"].barrier == 1 << 20 and account["kmemsize"].limit == 2 << 20
	assert account["numproc"].barrier is None and account["numproc"].limit == 10
	job.set(kmemsize=(..., 3 << 20))
	assert job.account()["kmemsize"].barrier == 1 << 20
	events = parent.events()
	refusals, others = host.refusals(), parent.refusals()
	pid = job.spawn(sys.argv[2], "sockets")
	_, status = os.waitpid(pid, 0)
	assert os.waitstatus_to_exitcode(status) == 1, status
	assert select.select([events], [], [], 10)[0]
	assert events.read().get("kmemsize", 0) >= 1
	assert select.select([refusals], [], [], 10)[0]
	found = [r for r in refusals.read() if r.pid == pid]
	assert found and refusals.read() == [] and others.read() == [], found
	first = found[0]
	assert first.group == first.payer == job.id and host.group_id(first.group).path == job.path
	assert first.process == "hog" and first.resource == "kmemsize", first
	assert 0 < first.requested < 65536 and 900000 < first.held <= 1 << 20, first
	assert first.barrier == 1 << 20 and first.limit == 3 << 20 and not refusals.lost, first
	# The names of processes can be anything: a second one is refused, by this name.
	os.symlink(sys.argv[2], "/tmp/a\n bc_refuse:")
	with job.refusals() as own:
	    pid = job.spawn("/tmp/a\n bc_refuse:", "sockets")
	    os.waitpid(pid, 0)
	    assert select.select([own], [], [], 10)[0]
	    assert {(r.pid, r.process) for r in own.read()} == {(pid, "a\n bc_refuse:")}
	os.remove("/tmp/a\n bc_refuse:")
	instances = os.listdir("/sys/kernel/tracing/instances")
	assert len(instances) == 2, instances
	refusals.close()
	others.close()
	assert not os.listdir("/sys/kernel/tracing/instances")
	account = job.account()
	assert account["kmemsize"].failcnt_local >= 1 and account["kmemsize"].maxheld > 900000
	pid = job.spawn("/nonexistent")
	assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 127
	job.reset("kmemsize")
	fd = os.open(host.mount + job.path, os.O_RDONLY)
	assert host.group_fd(fd).id == job.id
	pid = job.spawn("sleep", "100")
	try:
	    job.remove()
	    raise SystemExit("removed with a process in it")
	except OSError as error:
	    assert error.errno == errno.EBUSY, error
	assert host.group_of(pid).path == job.path
	os.kill(pid, 9)
	os.waitpid(pid, 0)
	for _ in range(100):
	    try:
	        job.remove()
	        break
	    except OSError as error:
	        assert error.errno == errno.EBUSY, error
	        select.select([], [], [], 0.1)
	assert not os.path.exists(host.mount + job.path)
	for call in (job.remove, job.account, lambda: job.make("x"), lambda: host.group_fd(fd)):
	    try:
	        call()
	        raise SystemExit("it is gone")
	    except OSError as error:
	        assert error.errno == errno.ENODEV, error
	# A new group of the same name is another group.
	again = parent.make("job")
	try:
	    job.remove()
	    raise SystemExit("removed another one")
	except OSError as error:
	    assert error.errno == errno.ENODEV, error
	again.remove()
	PYTHON
}
