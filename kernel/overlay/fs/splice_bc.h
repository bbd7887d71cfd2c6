/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: pages of user space in a pipe. Included by splice.c.
 *
 * vmsplice() leaves them in the pipe when nothing maps them any longer: they are
 * pinned by whoever put them there, until the last pipe that has them lets go.
 */
#ifndef FS_SPLICE_BC_H
#define FS_SPLICE_BC_H

#include <linux/bc_vm.h>

#ifdef CONFIG_BEANCOUNTERS

/**
 * bc_pipe_pin() - charge a page of user space that goes into a pipe
 * @buf: the buffer, with the page and a reference to it
 *
 * A folio is pinned as a whole.
 *
 * Context: Process context; may sleep.
 * Return: 0, or -ENOMEM when the group may not have it; the reference is
 * dropped then.
 */
static int bc_pipe_pin(struct pipe_buffer *buf)
{
	struct bc_pin *pin = NULL;
	int ret;

	buf->private = 0;
	if (!bc_online())
		return 0;
	ret = bc_pin_shared(&pin, folio_nr_pages(page_folio(buf->page)));
	buf->private = (unsigned long)pin;
	if (ret)
		put_page(buf->page);
	return ret;
}

static void user_page_pipe_buf_release(struct pipe_inode_info *pipe,
				       struct pipe_buffer *buf)
{
	bc_unpin_shared((struct bc_pin *)buf->private);
	page_cache_pipe_buf_release(pipe, buf);
}

/* For tee(): another buffer has the page, too. */
static bool user_page_pipe_buf_get(struct pipe_inode_info *pipe,
				   struct pipe_buffer *buf)
{
	if (!generic_pipe_buf_get(pipe, buf))
		return false;
	bc_pin_get((struct bc_pin *)buf->private);
	return true;
}

#else /* CONFIG_BEANCOUNTERS */

#define bc_pipe_pin(buf) 0
#define user_page_pipe_buf_release page_cache_pipe_buf_release
#define user_page_pipe_buf_get generic_pipe_buf_get

#endif /* CONFIG_BEANCOUNTERS */

#endif /* FS_SPLICE_BC_H */
