# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# slurm.sh - test Slurm: limits of a step, by the plugin.  Sourced by guest after facts.sh.

# slurm_configuration: configure a controller and a node, both in this machine.
slurm_configuration()
{
	cat >/etc/slurm/slurm.conf <<-'END'
	ClusterName=test
	SlurmctldHost=vm(127.0.0.1)
	SlurmUser=slurm
	ProctrackType=proctrack/cgroup
	TaskPlugin=task/none
	MailProg=/bin/true
	ReturnToService=2
	StateSaveLocation=/var/spool/slurmctld
	SlurmdSpoolDir=/var/spool/slurmd
	NodeName=vm NodeAddr=127.0.0.1 CPUs=1 RealMemory=500
	PartitionName=all Nodes=vm Default=YES State=UP
	END
	echo CgroupPlugin=cgroup/v2 >/etc/slurm/cgroup.conf
	echo "required spank_beancounter.so most=kmemsize=1G:1100M,numproc=50" \
		>/etc/slurm/plugstack.conf
	install -d -o slurm -g slurm /var/spool/slurmctld
	mkdir -p /var/spool/slurmd
	# With no address but 127.0.0.1, the resolver says that the host does not exist.
	busybox ip address add 127.0.0.2/8 dev lo
}

slurm_starts()
{
	slurm_configuration
	install -d -o munge -g munge -m 700 /etc/munge /var/lib/munge /var/log/munge
	head -c 1024 /dev/urandom >/etc/munge/munge.key
	chown munge:munge /etc/munge/munge.key
	chmod 400 /etc/munge/munge.key
	check "munge, slurmctld and slurmd start" systemctl restart munge slurmctld slurmd || give_up
	check "$(slurmd -V) has a node that is idle" soon slurm_idle || give_up
}

slurm_idle()
{
	grep -x idle <(timeout 10 sinfo --noheader -o %T 2>&1)
}

# slurm_job LIMITS: start a job that reads a line, starts more processes than it may
# have, and then waits for another line.  Only its inner shell ends when it cannot fork.
slurm_job()
{
	mkfifo /tmp/line
	cat >/tmp/job <<-'END'
	read -r line </tmp/line
	(while :; do sleep 100000 & done)
	echo "still here"
	read -r line </tmp/line
	END
	srun --bc="$1" --output=/tmp/job.out /bin/sh /tmp/job >/dev/null 2>&1 </dev/null &
}

# slurm_ended: the step has ended by itself.
slurm_ended()
{
	grep "JobState=COMPLETED.* ExitCode=0:0" <(scontrol show job | tr '\n' ' ')
}

# step_group: the group of the step's tasks, in which slurmstepd is not.
step_group()
{
	find "$CGROUP" -type d -path '*/step_0/user' -printf '/%P\n' | grep .
}

# slurm_comment SENTENCE: the comment of the job contains the sentence.
slurm_comment()
{
	grep "Comment=.*$1" <(scontrol show job)
}

runtime_slurm()
{
	local group
	slurm_starts
	slurm_job numproc=20:20,kmemsize=8M:9M
	check "a step with limits starts" soon step_group || give_up
	group=$(step_group)
	check "the step's limit on processes is in force" soon limit "$group" numproc 20
	check "the step's limit on kernel memory is in force" limit "$group" kmemsize $((9 << 20))
	check "slurmstepd has no limit" limit "${group%/user}/slurm" numproc max
	echo >/tmp/line
	check "the program goes on after a refusal" soon grep -x "still here" /tmp/job.out
	check "the program printed the error" grep "Cannot fork" /tmp/job.out
	check "the refusal is in the account of the step" test "$(refusals "$group" numproc)" -gt 0
	echo >/tmp/line
	check "the step ends by itself, with 0" soon slurm_ended
	check "the job has it in its comment" soon slurm_comment "1 refusal of numproc at 20"
	check "the node is idle again" soon slurm_idle
	check "the step's group is gone" soon not step_group

	check "a step that asks for too much does not start, and the error says why" \
		says "at most 50 is allowed" srun --bc=numproc=51 touch /tmp/greedy
	check "a step with a wrong resource does not start" \
		says "has no resource numprocs" srun --bc=numprocs=20 touch /tmp/greedy
	check "neither program has run" test ! -e /tmp/greedy
}
