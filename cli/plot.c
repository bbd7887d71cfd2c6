// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording as a picture, by gnuplot: held as an area, barrier and limit as
 * lines, a tick for each refusal.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "recording.h"

extern char **environ;

static const struct format {
	const char *suffix, *terminal;
} formats[] = {
	{ ".svg",
	  "svg size 800,400 dynamic background '#ffffff' font 'sans,13'" },
	{ ".png", "pngcairo size 800,400 font 'sans,10'" },
};

static const struct format *format_of(const char *file)
{
	const char *dot = strrchr(file, '.');
	size_t i;

	for (i = 0; dot && i < ARRAY_SIZE(formats); i++)
		if (!strcmp(formats[i].suffix, dot))
			return &formats[i];
	return NULL;
}

/* Before a command runs for hours: check that its picture can be drawn. */
int plot_check(const struct bcctl *ctl, const char *file)
{
	const char *path = getenv("PATH");
	char *copy, *directory, *save = NULL, program[4096];
	bool found = false;

	if (!format_of(file)) {
		misuse(ctl, "%s: the name of a picture ends in .svg or .png",
		       file);
		return ctl->misuse;
	}
	copy = strdup(path ? path : "");
	if (!copy)
		return no_memory(ctl);
	for (directory = strtok_r(copy, ":", &save); directory && !found;
	     directory = strtok_r(NULL, ":", &save)) {
		snprintf(program, sizeof(program), "%s/gnuplot", directory);
		found = !access(program, X_OK);
	}
	free(copy);
	if (found)
		return 0;
	fail(ctl, "%s cannot be drawn: gnuplot is not installed", file);
	hint("apt-get install gnuplot-nox");
	return ctl->failure;
}

/* gnuplot has strings like those of C. */
static void print_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		/* A line feed as such would end the command. */
		if (*text == '\n')
			fputs("\\n", out);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static double scale_of(const struct series *series)
{
	return libbc_unit_of(series->resource) == LIBBC_PAGES ?
		       (double)sysconf(_SC_PAGESIZE) :
		       1;
}

/* The values of a field at their times, up to the end of the recording. */
static void print_steps(FILE *out, const char *name,
			const struct recording *recording,
			const struct series *series, size_t offset)
{
	double scale = scale_of(series), last = -1;
	size_t i;

	fprintf(out, "$%s << EOD\n", name);
	for (i = 0; i < series->count; i++) {
		const struct point *point = &series->v[i];
		uint64_t value =
			*(const uint64_t *)((const char *)point + offset);

		last = value == LIBBC_MAX ? -1 : (double)value * scale;
		if (last < 0)
			fprintf(out, "%.3f NaN\n",
				point->time - recording->begin);
		else
			fprintf(out, "%.3f %.0f\n",
				point->time - recording->begin, last);
	}
	if (last >= 0)
		fprintf(out, "%.3f %.0f\n", recording->end - recording->begin,
			last);
	fputs("EOD\n", out);
}

static size_t print_refusals(FILE *out, const struct recording *recording,
			     const struct series *series)
{
	size_t i, count = 0;

	fputs("$refused << EOD\n", out);
	for (i = 1; i < series->count; i++) {
		if (series->v[i].failcnt <= series->v[i - 1].failcnt)
			continue;
		fprintf(out, "%.3f 0.05\n",
			series->v[i].time - recording->begin);
		count++;
	}
	fputs("EOD\n", out);
	return count;
}

static bool ever_set(const struct series *series, size_t offset)
{
	size_t i;

	for (i = 0; i < series->count; i++)
		if (*(const uint64_t *)((const char *)&series->v[i] + offset) !=
		    LIBBC_MAX)
			return true;
	return false;
}

static double highest(const struct series *series)
{
	double most = 1;
	size_t i;

	for (i = 0; i < series->count; i++) {
		const struct point *point = &series->v[i];
		const uint64_t values[] = { point->held, point->barrier,
					    point->limit };
		size_t j;

		for (j = 0; j < ARRAY_SIZE(values); j++)
			if (values[j] != LIBBC_MAX && (double)values[j] > most)
				most = (double)values[j];
	}
	return most;
}

/* Marks at round sizes, as people write them. */
static void print_sizes(FILE *out, double most)
{
	char size[LIBBC_SIZE_LEN];
	double step = 1, at;

	while (most / step > 6)
		step *= 2;
	fputs("set ytics (", out);
	for (at = 0; at < most + step; at += step)
		fprintf(out, "%s'%s' %.0f", at > 0 ? ", " : "",
			libbc_size_format((uint64_t)at, LIBBC_BYTES, 0, size),
			at);
	fputs(")\n", out);
}

static void print_script(FILE *out, const struct recording *recording,
			 const struct series *series, const char *title,
			 const struct format *format, const char *file)
{
	bool items = libbc_unit_of(series->resource) == LIBBC_ITEMS;
	double seconds = recording->end - recording->begin;
	size_t refused;

	/* Times are printed in milliseconds, and gnuplot draws no empty range. */
	if (seconds < 0.001)
		seconds = 0.001;
	fprintf(out, "set terminal %s\nset output ", format->terminal);
	print_string(out, file);
	fputs("\nset title ", out);
	print_string(out, title);
	fputs(" noenhanced\n", out);
	fprintf(out, "set xrange [0:%.3f]\nset yrange [0:*]\n", seconds);
	fputs("set xlabel 'seconds'\nset grid ytics lc rgb '#dddddd'\n"
	      "set border 3\nset tics nomirror\nset y2range [0:1]\n"
	      "set key outside bottom center horizontal noenhanced\n"
	      "set style fill solid 0.35 noborder\n",
	      out);
	if (!items)
		print_sizes(out, highest(series) * scale_of(series));
	print_steps(out, "held", recording, series,
		    offsetof(struct point, held));
	print_steps(out, "barrier", recording, series,
		    offsetof(struct point, barrier));
	print_steps(out, "limit", recording, series,
		    offsetof(struct point, limit));
	refused = print_refusals(out, recording, series);
	fputs("plot $held using 1:2 with fillsteps lc rgb '#3377bb' notitle, ",
	      out);
	fprintf(out,
		"$held using 1:2 with steps lc rgb '#225588' title '%s held'",
		series->resource);
	if (ever_set(series, offsetof(struct point, barrier)))
		fputs(", $barrier using 1:2 with steps lw 2 lc rgb '#cc8800' title 'barrier'",
		      out);
	if (ever_set(series, offsetof(struct point, limit)))
		fputs(", $limit using 1:2 with steps lw 2 dt 2 lc rgb '#884400' title 'limit'",
		      out);
	if (refused)
		fputs(", $refused using 1:2 axes x1y2 with impulses lw 2 lc rgb '#cc0000' title 'refused'",
		      out);
	fputc('\n', out);
}

static int run_gnuplot(const struct bcctl *ctl, const char *script)
{
	char *const argv[] = { (char *)"gnuplot", NULL };
	posix_spawn_file_actions_t actions;
	int status, error, pipes[2];
	size_t left = strlen(script);
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return fail(ctl, "cannot make a pipe: %s", strerror(errno));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipes[0], STDIN_FILENO);
	error = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(pipes[0]);
	while (!error && left) {
		ssize_t done = write(pipes[1], script, left);

		if (done < 0 && errno != EINTR)
			break;
		if (done > 0) {
			script += done;
			left -= done;
		}
	}
	close(pipes[1]);
	if (error)
		return fail(ctl, "cannot run gnuplot: %s", strerror(error));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (left || !WIFEXITED(status) || WEXITSTATUS(status))
		return fail(ctl, "gnuplot has failed");
	return 0;
}

int plot_write(const struct bcctl *ctl, const struct recording *recording,
	       const struct series *series, const char *title, const char *file)
{
	const struct format *format = format_of(file);
	char *script = NULL, *temporary = NULL;
	size_t bytes = 0;
	FILE *out;
	int ret;

	out = open_memstream(&script, &bytes);
	if (!out || asprintf(&temporary, "%s.%d", file, (int)getpid()) < 0) {
		if (out)
			fclose(out);
		free(script);
		return no_memory(ctl);
	}
	print_script(out, recording, series, title, format, temporary);
	ret = fclose(out) ? no_memory(ctl) : run_gnuplot(ctl, script);
	if (!ret && rename(temporary, file))
		ret = fail(ctl, "cannot write %s: %s", file, strerror(errno));
	if (ret)
		unlink(temporary);
	free(temporary);
	free(script);
	return ret;
}
