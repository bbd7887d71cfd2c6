/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: pages that only a pipe has. Included by splice.c.
 *
 * vmsplice() leaves pages of user space in the pipe after the last mapping is gone:
 * the group that put them there pays for them as locked memory, until the last pipe
 * releases them. splice() leaves pages of a file in the pipe after the file was
 * truncated, and pages that came out of a socket: they are charged like data that is
 * written to a pipe, as long as they are in it.
 */
#ifndef FS_SPLICE_BC_H
#define FS_SPLICE_BC_H

#include <linux/bc_pin.h>
#include <linux/net.h>
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

/*
 * Does a new buffer have a page of a file, or one that came out of a socket? One file
 * system may read from another, which has charged it by then.
 */
static bool bc_pipe_has(const struct pipe_buffer *buf)
{
	return !buf->private && (buf->ops == &page_cache_pipe_buf_ops ||
				 buf->ops == &nosteal_pipe_buf_ops);
}

/*
 * The bytes of the folios in the buffers from @head on for which nobody pays yet; a
 * pipe keeps whole folios. What skb_splice_bits() and FUSE leave in @private is no pin.
 */
static u64 bc_pipe_bytes(struct pipe_inode_info *pipe, unsigned int head)
{
	struct folio *folio, *last = NULL;
	struct pipe_buffer *buf;
	u64 bytes = 0;

	for (; head != pipe->head; head++) {
		buf = pipe_buf(pipe, head);
		if (buf->ops == &nosteal_pipe_buf_ops)
			buf->private = 0;
		if (!bc_pipe_has(buf))
			continue;
		folio = page_folio(buf->page);
		if (folio != last && !bc_page_paid(&folio->page))
			bytes += folio_size(folio);
		last = folio;
	}
	return bytes;
}

/* Let the buffers from @head on share a pin. */
static void bc_pipe_share(struct pipe_inode_info *pipe, unsigned int head,
			  struct bc_pin *pin)
{
	struct pipe_buffer *buf;

	for (; head != pipe->head; head++) {
		buf = pipe_buf(pipe, head);
		if (!bc_pipe_has(buf))
			continue;
		buf->private = (unsigned long)pin;
		bc_pin_get(pin);
	}
}

/*
 * Take buffers out of the pipe again, so that @keep of those from @head on are left.
 * Returns the bytes in them.
 */
static size_t bc_pipe_cut(struct pipe_inode_info *pipe, unsigned int head,
			  unsigned int keep)
{
	struct pipe_buffer *buf;
	size_t len = 0;

	while (pipe->head - head > keep) {
		buf = pipe_buf(pipe, --pipe->head);
		len += buf->len;
		pipe_buf_release(pipe, buf);
	}
	return len;
}

/*
 * Charge the pages that will be read. If the group may not have all of them, fewer; the
 * last refusal counts.
 */
static int bc_pipe_reserve(struct bc_pin **pin, u64 *bytes)
{
	while (*bytes > PAGE_SIZE) {
		if (!bc_try(bc_pin_bytes(pin, *bytes)))
			return 0;
		*bytes = round_up(*bytes / 2, PAGE_SIZE);
	}
	return bc_pin_bytes(pin, *bytes);
}

/* Let a pin hold what is in the pipe now; only the refusal of a single page counts. */
static int bc_pipe_correct(struct pipe_inode_info *pipe, unsigned int head,
			   struct bc_pin *pin)
{
	u64 bytes = bc_pipe_bytes(pipe, head);

	return pipe->head - head > 1 ?
		       bc_try(bc_pin_set(pin, bytes, BC_BARRIER)) :
		       bc_pin_set(pin, bytes, BC_BARRIER);
}

/*
 * Read pages of a file. They are charged before, because the read may wait for the last
 * of them, and corrected afterwards.
 */
static ssize_t bc_splice_file(struct file *in, loff_t *ppos,
			      struct pipe_inode_info *pipe, size_t len,
			      unsigned int flags)
{
	unsigned int head = pipe->head;
	u64 bytes = PAGE_ALIGN((u64)len);
	struct bc_pin *pin;
	ssize_t ret;
	size_t cut;

	if (bc_pipe_reserve(&pin, &bytes))
		return -ENOMEM;
	ret = in->f_op->splice_read(in, ppos, pipe, min_t(u64, len, bytes),
				    flags);
	/* The pages may be more than the bytes, and parts of larger folios. */
	while (bc_pipe_correct(pipe, head, pin)) {
		cut = bc_pipe_cut(pipe, head, (pipe->head - head) / 2);
		*ppos -= cut;
		ret = ret > (ssize_t)cut ? ret - (ssize_t)cut : -ENOMEM;
	}
	if (pin && pin->pages)
		bc_pipe_share(pipe, head, pin);
	bc_unpin_shared(pin);
	return ret;
}

/*
 * Take pages out of a socket, which was charged for them until now. They cannot be put
 * back, and are charged by force. A group at its limit is refused before: one page in
 * the socket may be a small part of a large folio.
 */
static ssize_t bc_splice_socket(struct file *in, loff_t *ppos,
				struct pipe_inode_info *pipe, size_t len,
				unsigned int flags)
{
	bool limit = bc_limit_begin(true);
	unsigned int head = pipe->head;
	struct bc_pin *pin;
	ssize_t ret;

	ret = bc_pin_bytes(&pin, PAGE_SIZE);
	bc_limit_end(limit);
	if (ret)
		return ret;
	ret = in->f_op->splice_read(in, ppos, pipe, len, flags);
	WARN_ON_ONCE(bc_pin_set(pin, bc_pipe_bytes(pipe, head), BC_FORCE));
	if (pin && pin->pages)
		bc_pipe_share(pipe, head, pin);
	bc_unpin_shared(pin);
	return ret;
}

/* Does a socket put pages of its own into a pipe? Others copy into new pages. */
static bool bc_splice_moves(struct file *in)
{
	struct socket *sock = IS_ENABLED(CONFIG_NET) ? sock_from_file(in) :
						       NULL;

	return sock && READ_ONCE(sock->ops)->splice_read;
}

/* Does a file put pages of the page cache into a pipe? */
static bool bc_splice_cached(struct file *in)
{
	umode_t mode = file_inode(in)->i_mode;

	return S_ISREG(mode) || S_ISBLK(mode);
}

/**
 * bc_splice_read() - put pages into a pipe, and charge those for which nobody pays
 * @in: the file that has them
 * @ppos: where they are in the file
 * @pipe: the pipe
 * @len: bytes, at most as many as the pipe has room for
 * @flags: SPLICE_F_*
 *
 * Context: Process context, under the lock of the pipe; may sleep.
 * Return: Bytes, or a negative error: -ENOMEM, with nothing changed, when the group may
 * not have them.
 */
static inline ssize_t bc_splice_read(struct file *in, loff_t *ppos,
				     struct pipe_inode_info *pipe, size_t len,
				     unsigned int flags)
{
	unsigned int head = pipe->head;
	ssize_t ret;

	if (bc_online() && bc_splice_cached(in))
		return bc_splice_file(in, ppos, pipe, len, flags);
	if (bc_online() && bc_splice_moves(in))
		return bc_splice_socket(in, ppos, pipe, len, flags);
	ret = in->f_op->splice_read(in, ppos, pipe, len, flags);
	bc_pipe_bytes(pipe, head);
	return ret;
}

/* A buffer releases its page. */
static void bc_pipe_unpin(struct pipe_buffer *buf)
{
	bc_unpin_shared((struct bc_pin *)buf->private);
}

static void pinned_pipe_buf_release(struct pipe_inode_info *pipe,
				    struct pipe_buffer *buf)
{
	bc_pipe_unpin(buf);
	generic_pipe_buf_release(pipe, buf);
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
 * TCP gets a copy, too, if its group pays for it and the folios are larger by more than
 * an eighth than the parts of them that it gets.
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
	if (!sk->sk_bc.item)
		return MSG_SPLICE_PAGES;
	for (; nr--; bvec++) {
		folio = page_folio(bvec->bv_page);
		if (folio != last)
			kept += folio_size(folio);
		last = folio;
		paid += bvec->bv_len;
	}
	return kept > paid + paid / 8 ? 0 : MSG_SPLICE_PAGES;
}

#else /* CONFIG_BEANCOUNTERS */

#define bc_splice_flags(sk, bvec, nr) MSG_SPLICE_PAGES
#define bc_pipe_pin(buf) 0
#define bc_splice_read(in, ppos, pipe, len, flags) \
	((in)->f_op->splice_read(in, ppos, pipe, len, flags))
#define bc_pipe_unpin(buf) ((void)0)
#define pinned_pipe_buf_get generic_pipe_buf_get
#define pinned_pipe_buf_release generic_pipe_buf_release

#endif /* CONFIG_BEANCOUNTERS */

#endif /* FS_SPLICE_BC_H */
