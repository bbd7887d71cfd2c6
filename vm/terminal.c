// SPDX-License-Identifier: GPL-2.0-only
/*
 * On the host: the terminal of an interactive guest.  It is raw, so that keys
 * like Ctrl-C mean what they mean in the guest; Ctrl-] ends the guest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "supervise.h"

#define ESCAPE 0x1d /* Ctrl-] */

static struct termios saved;
static bool is_raw;
static int screen = STDERR_FILENO;

void restore_terminal(void)
{
	if (is_raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
	is_raw = false;
}

void raw_terminal(void)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &saved) < 0)
		return;
	/* stdout may be a file, but the console's output is for the user. */
	screen = open("/dev/tty", O_WRONLY | O_CLOEXEC);
	if (screen < 0)
		screen = STDERR_FILENO;
	raw = saved;
	cfmakeraw(&raw);
	is_raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
	atexit(restore_terminal);
}

bool console_to_terminal(int *console)
{
	char data[4096];
	ssize_t n = recv(*console, data, sizeof(data), MSG_DONTWAIT);
	char *p = data;

	if (n < 0)
		return (errno == EINTR);
	if (n == 0)
		return false;
	while (n > 0) {
		ssize_t done = write(screen, p, n);

		if (done < 0 && errno != EINTR && errno != EAGAIN)
			return false;
		if (done > 0) {
			p += done;
			n -= done;
		}
	}
	return true;
}

const char *terminal_to_console(int console)
{
	char data[4096];
	ssize_t n = read(STDIN_FILENO, data, sizeof(data));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return NULL;
	if (n <= 0)
		return "the terminal was closed";
	if (memchr(data, ESCAPE, n))
		return "Ctrl-] was pressed";
	if (send(console, data, n, MSG_NOSIGNAL) != n)
		return "its console was closed";
	return NULL;
}
