# shellcheck shell=bash disable=SC2154,SC2034,SC2054
# SPDX-License-Identifier: GPL-2.0-only
#
# machine.sh - the command lines of the two machines.  Part of vm/run.

# The parameters of both kernels; those of --append come after them.
kernel_parameters()
{
	printf '%s ' ro "init=$TOOLS/init" loglevel=7 panic=-1 bc_proc=on
}

# enough_memory: check that the host has memory for the guest; without, the guest
# would end in the middle.
enough_memory()
{
	local have want
	have=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
	want=$(numfmt --from=iec "$memory" 2>/dev/null) ||
		complain "--memory $memory: not a size" "write it like 512M or 2G"
	if [ "$((have * 2))" -lt "$((want / 1024))" ]; then
		broken "this system has $((have / 1024)) MB of memory available, too little for a guest of $memory" \
			"give the guest less: --memory 512M"
	fi
}

# roomy DIRECTORY: is there space for the guest's memory?
roomy()
{
	local have want
	have=$(df -Pk "$1" 2>/dev/null | awk 'NR == 2 { print $4 }')
	want=$(numfmt --from=iec "$memory")
	[ "${have:-0}" -ge "$((want / 1024))" ]
}

# executable DIRECTORY: may its files be mapped as code?  UML maps its memory so.
executable()
{
	! findmnt -n -o OPTIONS -T "$1" | tr ',' '\n' | grep -qx noexec
}

# uml_memory: a directory for the file with the guest's memory, in RAM if possible.
# Docker's /dev/shm is too small and mounted noexec.
uml_memory()
{
	local dir
	for dir in /dev/shm "${TMPDIR:-/tmp}" /var/tmp; do
		if [ -w "$dir" ] && roomy "$dir" && executable "$dir"; then
			printf '%s\n' "$dir"
			return
		fi
	done
	broken "no room for $memory of guest memory in /dev/shm, ${TMPDIR:-/tmp} or /var/tmp" \
		"set TMPDIR to a directory that has room and is not mounted noexec" \
		"or give the guest less: --memory 512M"
}

uml_command()
{
	local dir parameters
	dir=$(uml_memory)
	read -ra parameters <<<"$(kernel_parameters) $append"
	guest=(env TMPDIR="$dir" "$kernel" mem="$memory"
		uml_dir="$job/uml" umid=vm
		rootfstype=hostfs rootflags=/
		con=null con0=null,fd:1 console=tty0
		"${parameters[@]}" VM_SHARE="$job/share")
	if [ -n "$interactive" ]; then
		guest+=(con1=fd:3,fd:3 VM_TTY=/dev/tty1)
	fi
}

# share_9p TAG DIRECTORY [OPTIONS]: a directory of the host, as a 9p device.
share_9p()
{
	guest+=(-fsdev "local,id=$1,path=${2//,/,,},security_model=none,multidevs=remap${3-}"
		-device "virtio-9p-pci,fsdev=$1,mount_tag=$1")
}

qemu_command()
{
	local parameters number=0 dir
	command -v qemu-system-x86_64 >/dev/null ||
		broken "qemu-system-x86_64 is not installed" "apt install qemu-system-x86"
	parameters="$(kernel_parameters) console=ttyS0 root=root rootfstype=9p \
rootflags=trans=virtio,version=9p2000.L,msize=262144,cache=loose,access=any \
VM_SHARE=9p:share"
	guest=(qemu-system-x86_64 -machine "q35,accel=tcg" -cpu max
		-smp "${cpus:-2}" -m "$memory" -nodefaults -no-user-config
		-display none -no-reboot
		-chardev stdio,id=log,signal=off -serial chardev:log
		-device virtio-rng-pci)
	share_9p root / ,readonly=on
	share_9p share "$job/share"
	for dir in "${rw[@]}"; do
		share_9p "rw$number" "$dir"
		number=$((number + 1))
	done
	if [ -n "$interactive" ]; then
		guest+=(-chardev socket,id=con,fd=3 -device virtio-serial-pci
			-device virtconsole,chardev=con)
		parameters="$parameters VM_TTY=/dev/hvc0"
	fi
	guest+=(-kernel "$kernel" -append "$parameters$append")
}

machine_command()
{
	enough_memory
	"${machine}_command"
}
