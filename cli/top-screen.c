// SPDX-License-Identifier: GPL-2.0-only
/*
 * "bcctl top" on a terminal.
 */
#define _GNU_SOURCE
#include <curses.h>
#include <fcntl.h>
#include <string.h>

#include "top.h"

/* The state of the screen besides the rows. */
struct screen {
	struct top *top;
	size_t chosen, first; /* rows */
	double interval;
	bool color, help;
	bool typing; /* the filter */
};

static const char help_text[] =
	"left, right  sort by another column     r  turn the order round\n"
	"up, down     choose a row               a  all resources, or those in use\n"
	"Enter        show this group only       Backspace  show the group above\n"
	"/            filter by a text in the name   p  show processes of the group\n"
	"+ -          read less, more often      h  this help      q  quit";

/* All columns; the least important are left out if there is no room. */
static const char shown[] =
	"GROUP,RESOURCE,HELD,USE%,FILL,HELD/s,MAXHELD,BARRIER,FAILCNT,HISTORY,REFUSED";

static void draw_rows(struct screen *screen, char *text, int lines)
{
	struct top *top = screen->top;
	char *line, *save = NULL;
	size_t row = 0;
	int y = 1;

	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save), row++) {
		bool head = !row;
		size_t index = row - 1;
		int look = A_NORMAL;

		if (!head && (index < screen->first || y >= lines))
			continue;
		if (head)
			look = A_BOLD;
		else if (index == screen->chosen)
			look = A_REVERSE;
		if (!head && screen->color) {
			enum state state = row_state(top, &top->rows[index]);

			if (state >= STATE_OVER)
				look |= COLOR_PAIR(1);
			else if (state == STATE_NEAR)
				look |= COLOR_PAIR(2);
		}
		attrset(look);
		mvaddnstr(y++, 0, line, COLS);
		attrset(A_NORMAL);
	}
}

static void draw_head(const struct screen *screen)
{
	const struct top *top = screen->top;
	char text[512];

	snprintf(text, sizeof(text), "%s  every %g s, by %s%s%s%s%s  (h: help)",
		 libbc_group_path(top->group), screen->interval,
		 top_columns[top->sort].name,
		 top->ascending ? ", turned round" : "",
		 *top->filter || screen->typing ? "  /" : "", top->filter,
		 screen->typing ? "_" : "");
	mvaddnstr(0, 0, text, COLS);
}

static void process_name(const char *pid, char *name, size_t size)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	file = fopen(path, "re");
	if (!file || !fgets(name, (int)size, file))
		snprintf(name, size, "?");
	name[strcspn(name, "\n")] = '\0';
	if (file)
		fclose(file);
}

/* Show the processes of the chosen group until a key is pressed. */
static void show_processes(const struct screen *screen)
{
	const struct top *top = screen->top;
	const char *path = top->rows[screen->chosen].node->path;
	struct libbc_group *group = NULL;
	char pid[32], name[32];
	FILE *file = NULL;
	int y = 1, fd = -1, more = 0;

	if (!libbc_group_open(top->ctl->host, path, &group))
		fd = openat(libbc_group_fd(group), "cgroup.procs",
			    O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		file = fdopen(fd, "r");
	erase();
	mvprintw(0, 0, "%.200s: processes  (any key: back)", path);
	while (file && fgets(pid, sizeof(pid), file)) {
		pid[strcspn(pid, "\n")] = '\0';
		process_name(pid, name, sizeof(name));
		if (y < LINES - 1)
			mvprintw(y++, 0, "%8s %s", pid, name);
		else
			more++;
	}
	if (more)
		mvprintw(LINES - 1, 0, "and %d more", more);
	else if (y == 1)
		mvprintw(1, 0, "%8s", "none");
	refresh();
	if (file)
		fclose(file);
	else if (fd >= 0)
		close(fd);
	libbc_group_close(group);
	timeout(-1);
	getch();
}

/* A key of the filter. */
static void type(struct screen *screen, int key)
{
	char *filter = screen->top->filter;
	size_t len = strlen(filter);

	switch (key) {
	case '\n':
	case '\r':
	case KEY_ENTER:
		screen->typing = false;
		break;
	case 27: /* Escape */
		screen->typing = false;
		*filter = '\0';
		break;
	case KEY_BACKSPACE:
	case 127:
	case '\b':
		if (len)
			filter[len - 1] = '\0';
		break;
	default:
		if (key > ' ' && key < 127 &&
		    len + 1 < sizeof(screen->top->filter)) {
			filter[len] = (char)key;
			filter[len + 1] = '\0';
		}
	}
}

static int draw(struct screen *screen)
{
	struct top *top = screen->top;
	int lines = LINES - (screen->help ? 6 : 1), ret;
	struct table table;
	char *text = NULL;

	if (screen->chosen >= top->count)
		screen->chosen = top->count ? top->count - 1 : 0;
	if (screen->chosen < screen->first)
		screen->first = screen->chosen;
	if (lines > 3 && screen->chosen >= screen->first + lines - 2)
		screen->first = screen->chosen - (lines - 2) + 1;
	erase();
	draw_head(screen);
	ret = top_table(top, shown, &table);
	if (!ret && scols_table_enable_colors(table.scols, 0))
		ret = no_memory(top->ctl);
	if (!ret && top->count)
		ret = table_fit(&table, COLS);
	if (!ret && scols_print_table_to_string(table.scols, &text))
		ret = no_memory(top->ctl);
	if (!ret)
		draw_rows(screen, text, lines);
	free(text);
	table_free(&table);
	if (screen->help)
		mvaddstr(LINES - 5, 0, help_text);
	refresh();
	return ret;
}

/* Show another group from now on; earlier readings are of no use then. */
static void enter(struct screen *screen, const char *path)
{
	struct top *top = screen->top;
	struct libbc_group *group;

	if (libbc_group_open(top->ctl->host, path, &group))
		return;
	libbc_group_close(top->group);
	top->group = group;
	top->taken = 0;
	screen->chosen = 0;
	screen->first = 0;
}

static void leave(struct screen *screen)
{
	char *path = strdup(libbc_group_path(screen->top->group)), *slash;

	slash = path ? strrchr(path, '/') : NULL;
	if (slash) {
		slash[slash == path] = '\0';
		enter(screen, path);
	}
	free(path);
}

/* False to quit. *look is set if the accounts have to be read again. */
static bool handle(struct screen *screen, int key, bool *look)
{
	struct top *top = screen->top;

	*look = true;
	if (screen->typing && key != KEY_RESIZE) {
		type(screen, key);
		return true;
	}
	switch (key) {
	case 'q':
	case 'Q':
		return false;
	case KEY_LEFT:
	case '<':
		top->sort = (top->sort + TOP_COLUMNS - 1) % TOP_COLUMNS;
		break;
	case KEY_RIGHT:
	case '>':
		top->sort = (top->sort + 1) % TOP_COLUMNS;
		break;
	case 'r':
		top->ascending = !top->ascending;
		break;
	case '/':
		screen->typing = true;
		*top->filter = '\0';
		break;
	case 'p':
		if (screen->chosen < top->count)
			show_processes(screen);
		break;
	case 'a':
		top->all = !top->all;
		break;
	case '+':
		screen->interval *= 2;
		break;
	case '-':
		if (screen->interval > 0.2)
			screen->interval /= 2;
		break;
	case '\n':
	case '\r':
	case KEY_ENTER:
		if (screen->chosen < top->count)
			enter(screen, top->rows[screen->chosen].node->path);
		break;
	case KEY_BACKSPACE:
	case 127:
	case '\b':
		leave(screen);
		break;
	default:
		*look = false;
		if (key == KEY_RESIZE)
			clearok(stdscr, TRUE);
		else if (key == 'h' || key == '?')
			screen->help = !screen->help;
		else if (key == KEY_UP && screen->chosen)
			screen->chosen--;
		else if (key == KEY_DOWN)
			screen->chosen++;
		else if (key == ERR)
			*look = true;
	}
	return true;
}

static bool begin(struct screen *screen)
{
	const char *no_color = getenv("NO_COLOR");

	if (!newterm(NULL, stdout, stdin))
		return false;
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	/* Escape is a key of the filter: do not wait long for a sequence. */
	set_escdelay(50);
	curs_set(0);
	screen->color = has_colors() && !(no_color && *no_color);
	if (screen->color) {
		start_color();
		use_default_colors();
		init_pair(1, COLOR_RED, -1);
		init_pair(2, COLOR_YELLOW, -1);
	}
	return true;
}

int top_screen(struct top *top, double interval)
{
	struct screen screen = { .top = top, .interval = interval };
	bool look = true, on = true;
	int ret = 0;

	if (!begin(&screen)) {
		fail(top->ctl, "cannot draw on this terminal (TERM=%s)",
		     getenv("TERM") ?: "");
		hint("bcctl top --batch");
		return top->ctl->failure;
	}
	while (on && !ret) {
		if (look) {
			/* Save the modes of the terminal. */
			def_prog_mode();
			ret = top_look(top);
		}
		if (!ret)
			ret = draw(&screen);
		timeout((int)(screen.interval * 1000));
		if (!ret)
			on = handle(&screen, getch(), &look);
	}
	endwin();
	return ret;
}
