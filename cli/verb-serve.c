// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl serve - serve all accounts to Prometheus over HTTP.
 *
 * One thread answers one request after the other, and an answer is reused for a
 * moment, so that frequent requests cost no more.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "metrics.h"

enum { OPT_DEPTH = OPT_OWN, OPT_ONLY_LIMITED };

/* No registered use of this port is known; --listen changes it. */
#define DEFAULT_LISTEN "127.0.0.1:9656"
#define FRESH_SECONDS 1.0
#define MOST_CONNECTIONS 64
#define IDLE_SECONDS 15

struct server {
	struct bcctl *ctl;
	struct libbc_group *top;
	struct metrics_options options;
	/* The last answers in both formats, and when they were made. */
	struct answer {
		struct MHD_Response *response;
		double made;
	} answers[2];
};

static const char home[] =
	"<!DOCTYPE html>\n<title>bcctl</title>\n<p>The accounts: <a href=\"/metrics\">/metrics</a>\n";

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection,
				   unsigned int status, const char *type,
				   const char *text)
{
	struct MHD_Response *response;
	enum MHD_Result ret;

	response = MHD_create_response_from_buffer(strlen(text), (void *)text,
						   MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	ret = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return ret;
}

/* Make the answer anew if it is old; false if that failed. */
static bool refresh(struct server *server, bool openmetrics)
{
	struct answer *answer = &server->answers[openmetrics];
	struct metrics_options options = server->options;
	char *text = NULL;
	size_t bytes = 0;

	if (answer->response && now() - answer->made < FRESH_SECONDS)
		return true;
	options.openmetrics = openmetrics;
	if (answer->response)
		MHD_destroy_response(answer->response);
	answer->response = NULL;
	if (metrics_text(server->ctl, server->top, &options, &text, &bytes))
		return false;
	answer->response = MHD_create_response_from_buffer(
		bytes, text, MHD_RESPMEM_MUST_FREE);
	if (!answer->response) {
		free(text);
		return false;
	}
	MHD_add_response_header(
		answer->response, "Content-Type",
		openmetrics ?
			"application/openmetrics-text; version=1.0.0; charset=utf-8" :
			"text/plain; version=0.0.4; charset=utf-8");
	answer->made = now();
	return true;
}

static enum MHD_Result answer_metrics(struct server *server,
				      struct MHD_Connection *connection)
{
	const char *accepted = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, "Accept");
	bool openmetrics = accepted &&
			   strstr(accepted, "application/openmetrics-text");

	if (!refresh(server, openmetrics))
		return answer_text(
			connection, MHD_HTTP_INTERNAL_SERVER_ERROR,
			"text/plain",
			"the accounts cannot be read; the log of bcctl says why\n");
	return MHD_queue_response(connection, MHD_HTTP_OK,
				  server->answers[openmetrics].response);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection,
				  const char *url, const char *method,
				  const char *version, const char *data,
				  size_t *bytes, void **state)
{
	struct server *server = arg;

	(void)version;
	(void)data;
	(void)state;
	if (strcmp(method, "GET") && strcmp(method, "HEAD")) {
		*bytes = 0;
		return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				   "text/plain", "only GET and HEAD\n");
	}
	if (!strcmp(url, "/metrics"))
		return answer_metrics(server, connection);
	if (!strcmp(url, "/"))
		return answer_text(connection, MHD_HTTP_OK, "text/html", home);
	return answer_text(connection, MHD_HTTP_NOT_FOUND, "text/plain",
			   "there is only /metrics\n");
}

/* ADDRESS:PORT, [ADDRESS]:PORT, or :PORT for all addresses. */
static int resolve(const struct bcctl *ctl, const char *text,
		   struct addrinfo **address)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
	};
	char *copy = strdup(text), *port, *host = copy;
	int ret = EAI_NONAME;

	if (!copy)
		return no_memory(ctl);
	port = strrchr(copy, ':');
	if (port) {
		*port++ = '\0';
		if (*host == '[' && port - copy > 2 && port[-2] == ']') {
			host++;
			port[-2] = '\0';
		}
		if (*port)
			ret = getaddrinfo(*host ? host : NULL, port, &hints,
					  address);
	}
	free(copy);
	if (!ret)
		return 0;
	misuse(ctl, "--listen %s: not an address and a port", text);
	hint("like %s, [::1]:9656, or :9656 for all addresses of the machine",
	     DEFAULT_LISTEN);
	return ctl->misuse;
}

static int listen_at(const struct bcctl *ctl, const char *text, int *fd)
{
	struct addrinfo *address = NULL;
	const int on = 1;
	int ret = resolve(ctl, text, &address);

	if (ret)
		return ret;
	*fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd >= 0)
		setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (*fd < 0 || bind(*fd, address->ai_addr, address->ai_addrlen) ||
	    listen(*fd, 32)) {
		ret = fail(ctl, "cannot listen at %s: %s", text,
			   strerror(errno));
		if (errno == EADDRINUSE)
			hint("ss -ltnp shows which program has the port; choose another one with --listen");
	}
	freeaddrinfo(address);
	return ret;
}

static void print_address(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char host[64], port[16];

	if (getsockname(fd, (struct sockaddr *)&address, &len) ||
	    getnameinfo((struct sockaddr *)&address, len, host, sizeof(host),
			port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
		return;
	fprintf(stderr,
		strchr(host, ':') ? "http://[%s]:%s/metrics\n" :
				    "http://%s:%s/metrics\n",
		host, port);
}

static int serve(struct server *server, int fd)
{
	struct MHD_Daemon *daemon;
	sigset_t end;
	int signal;

	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigaddset(&end, SIGINT);
	sigaddset(&end, SIGHUP);
	/* The thread of the daemon inherits this mask. */
	pthread_sigmask(SIG_BLOCK, &end, NULL);
	daemon = MHD_start_daemon(
		MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL,
		on_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, MOST_CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_END);
	if (!daemon)
		return fail(server->ctl, "cannot start the server: %s",
			    strerror(errno ? errno : ENOMEM));
	print_address(fd);
	sigwait(&end, &signal);
	MHD_stop_daemon(daemon);
	return 0;
}

static int take(struct bcctl *ctl, struct server *server, const char **listen,
		int id, const char *value)
{
	switch (id) {
	case 'l':
		*listen = value;
		break;
	case OPT_DEPTH:
		return parse_count(ctl, "--depth", value,
				   &server->options.depth);
	case OPT_ONLY_LIMITED:
		server->options.only_limited = true;
		break;
	}
	return 0;
}

static int run_serve(struct bcctl *ctl)
{
	struct server server = { .ctl = ctl, .options.depth = -1 };
	const char *value, *listen = DEFAULT_LISTEN;
	int id, ret = 0, fd = -1, i;

	while (!ret && (id = next_option(ctl, &value)) > 0)
		ret = take(ctl, &server, &listen, id, value);
	if (ret || id < 0)
		return ret ? ret : ctl->failure;
	if (ctl->argc > 1)
		return bad_usage(ctl, "at most one GROUP");
	ret = target_open(ctl, ctl->argc ? ctl->argv[0] : "/", &server.top);
	if (!ret)
		ret = listen_at(ctl, listen, &fd);
	/* Fail now, and not at the first request, if there are no accounts. */
	if (!ret && !refresh(&server, false))
		ret = ctl->failure;
	if (!ret)
		ret = serve(&server, fd);
	else if (fd >= 0)
		close(fd);
	for (i = 0; i < 2; i++)
		if (server.answers[i].response)
			MHD_destroy_response(server.answers[i].response);
	libbc_group_close(server.top);
	return ret;
}

static const struct opt opts[] = {
	{ 'l', "listen", "ADDR:PORT", "where to listen (" DEFAULT_LISTEN ")" },
	{ OPT_DEPTH, "depth", "N", "only groups down to N levels below" },
	{ OPT_ONLY_LIMITED, "only-limited", NULL,
	  "only resources that have a barrier or a limit" },
	{ 0 },
};

const struct verb serve_verb = {
	.name = "serve",
	.args = "[GROUP|PID|.]",
	.summary = "serve all accounts to Prometheus over HTTP",
	.about =
		"Answer requests for /metrics over HTTP with the output of export, as OpenMetrics for\n"
		"clients that ask for it, until a signal comes. It listens on the loopback address;\n"
		"put a proxy in front of it for TLS and passwords.",
	.opts = opts,
	.run = run_serve,
};
