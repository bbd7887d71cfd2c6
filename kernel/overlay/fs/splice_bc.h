/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: pages that only a pipe has. Included by splice.c.
 *
 * vmsplice() leaves pages of user space in the pipe after the last mapping is gone:
 * the group that put them there pays for them as locked memory, until the last pipe
 * releases them. splice() leaves pages of a file in the pipe after the file was
 * truncated: they are charged like data that is written to a pipe, as long as they are
 * in it.
 */
#ifndef FS_SPLICE_BC_H
#define FS_SPLICE_BC_H

#include <linux/bc_pin.h>
#include <linux/pipe_fs_i.h>
#include <linux/socket.h>
#include <linux/splice.h>
#include <net/sock.h>

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

/* The bytes of the folios in the buffers from @head on; a pipe keeps whole folios. */
static u64 bc_pipe_bytes(struct pipe_inode_info *pipe, unsigned int head)
{
	struct folio *folio, *last = NULL;
	struct pipe_buffer *buf;
	u64 bytes = 0;

	for (; head != pipe->head; head++) {
		buf = pipe_buf(pipe, head);
		if (buf->ops != &page_cache_pipe_buf_ops)
			continue;
		folio = page_folio(buf->page);
		if (folio != last)
			bytes += folio_size(folio);
		last = folio;
	}
	return bytes;
}

/**
 * bc_pipe_charge() - charge pages of a file that were put into a pipe
 * @pipe: the pipe
 * @head: its head before they were put into it
 *
 * Context: Process context, under the lock of the pipe; may sleep.
 * Return: 0, or -ENOMEM when the group may not have them; they are taken out of the
 * pipe then.
 */
static int bc_pipe_charge(struct pipe_inode_info *pipe, unsigned int head)
{
	u64 bytes = bc_online() ? bc_pipe_bytes(pipe, head) : 0;
	struct pipe_buffer *buf;
	struct bc_pin *pin;

	if (!bytes)
		return 0;
	if (bc_pin_bytes(&pin, bytes)) {
		while (pipe->head != head)
			pipe_buf_release(pipe, pipe_buf(pipe, --pipe->head));
		return -ENOMEM;
	}
	for (; head != pipe->head; head++) {
		buf = pipe_buf(pipe, head);
		if (buf->ops != &page_cache_pipe_buf_ops)
			continue;
		buf->private = (unsigned long)pin;
		bc_pin_get(pin);
	}
	bc_unpin_shared(pin);
	return 0;
}

/* A buffer releases its page. */
static void bc_pipe_unpin(struct pipe_buffer *buf)
{
	bc_unpin_shared((struct bc_pin *)buf->private);
}

/* tee() gives the page to another buffer, too. */
static bool pinned_pipe_buf_get(struct pipe_inode_info *pipe,
				struct pipe_buffer *buf)
{
	if (!generic_pipe_buf_get(pipe, buf))
		return false;
	bc_pin_get((struct bc_pin *)buf->private);
	return true;
}

/**
 * bc_splice_flags() - may a socket get the pages of a pipe without a copy?
 * @sk: the socket
 * @bvec: the parts of pages that the socket gets
 * @nr: number of entries in @bvec
 *
 * TCP, SCTP and MPTCP are charged for the bytes that they queue, wherever these come
 * from. All other sockets are charged for the memory that they allocate: they get a
 * copy, or the pages of a file that is truncated afterwards would cost them nothing.
 * TCP gets a copy, too, if the folios are more than twice as large as the parts of them
 * that it gets.
 *
 * Context: Any.
 * Return: Flags for sendmsg().
 */
static inline int bc_splice_flags(const struct sock *sk,
				  const struct bio_vec *bvec, unsigned int nr)
{
	const struct folio *folio, *last = NULL;
	u64 kept = 0, paid = 0;

	if (!bc_online())
		return MSG_SPLICE_PAGES;
	/* Another task may change sk_prot, as for kTLS. */
	if (!READ_ONCE(sk->sk_prot)->memory_pressure)
		return 0;
	for (; nr--; bvec++) {
		folio = page_folio(bvec->bv_page);
		if (folio != last)
			kept += folio_size(folio);
		last = folio;
		paid += bvec->bv_len;
	}
	return kept > 2 * paid ? 0 : MSG_SPLICE_PAGES;
}

#else /* CONFIG_BEANCOUNTERS */

#define bc_splice_flags(sk, bvec, nr) MSG_SPLICE_PAGES
#define bc_pipe_pin(buf) 0
#define bc_pipe_charge(pipe, head) ((void)(head), 0)
#define bc_pipe_unpin(buf) ((void)0)
#define pinned_pipe_buf_get generic_pipe_buf_get

#endif /* CONFIG_BEANCOUNTERS */

#endif /* FS_SPLICE_BC_H */
