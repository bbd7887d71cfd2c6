/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * words.pml - the lock of a tree, the words of its groups, and the decisions made with
 * them, in every order in which three processes can go through the steps.
 *
 *   group 0            the top
 *     group 1
 *       group 3
 *     group 2
 *
 * Each group has a word for each CPU and a near word, and each word has bytes and files.
 * A step is atomic: one exchange on one word, together with changes of the counters under
 * the lock, which no other process sees. The names are those of kernel/bc/charge.c and
 * stock.c.
 *
 * The configurations are in "run": they say what each process does. WITHOUT_x takes the
 * step x out, and "run" checks that an assertion fails without each.
 */

/* The number of processes, and of CPUs, each with a word in each group. */
#define NC 3
#ifndef CPUS
#define CPUS 3
#endif
#define cpu (me % CPUS)
#define NEAR CPUS
#define NW (CPUS + 1)
#define NG 4
#define NONE 9

/* What a process may do, one bit each. */
#define ORDINARY 1
#define UP_TO_LIMIT 2
#define BY_FORCE 4
#define GIVE 8
#define SET 16
#define GO 32
#define MASK(me) (me == 0 -> MENU0 : (me == 1 -> MENU1 : MENU2))
#define OPS(me) (me == 0 -> OPS0 : (me == 1 -> OPS1 : OPS2))

/* The groups in which objects are charged, and the kinds of objects: a bit for each. */
#ifndef GROUPS
#define GROUPS 12
#endif
#ifndef KINDS
#define KINDS 1
#endif
/* The group whose barrier is set, and the value. */
#ifndef SET_GROUP
#define SET_GROUP 0
#endif
#ifndef SET_TO
#define SET_TO 1
#endif
#ifndef SET_FILES
#define SET_FILES NONE
#endif
/* Which group goes offline. */
#ifndef GO_GROUP
#define GO_GROUP 3
#endif
/* The barriers of bytes and files; a limit is one above the barrier. */
#ifndef TOP_BYTES
#define TOP_BYTES 4
#endif
#ifndef TOP_FILES
#define TOP_FILES 20
#endif
#ifndef MID_BYTES
#define MID_BYTES 20
#endif
/* Objects at the start. */
#ifndef AT3
#define AT3 0
#endif
#ifndef AT2
#define AT2 0
#endif
#ifndef FILES3
#define FILES3 0
#endif

/* As BC_STOCK_x, but smaller. */
#define STOCK_ROOM 2
#define SHARE 1
#define BATCH 2
#define BATCH_FILES 1
#define STOCK_MAX 2
#define FILES_MAX 2
#define KEEP 1

/* Severities. */
#define BARRIER 0
#define LIMIT 1
#define FORCE 2

/* Bytes and files of a kind of object. */
#define BYTES_OF(k) (k == 2 -> 2 : 1)
#define FILES_OF(k) (k == 1 -> 1 : 0)

/* By level: bytes and, behind them, files. */
byte usage[8];
byte barrier[8];
/* Not in the code: units that were granted and not given back yet. */
byte held[8];
/* Not in the code: units taken out of a word that are still in the counters. */
byte trimmed[8];

byte refs[NG];
byte pins[NG];		/* processes that have looked it up under RCU, to charge it */
bit css[NG];
bit offline[NG];
bit freed[NG];

/* By group and number of the word. */
#define W(g, nr) ((g) * NW + (nr))
bit open_cpus[16];
bit is_open[16];
byte bytes[16];
byte files[16];

byte objects[12];	/* by group and kind */
bit lock;
byte ended;

#define PARENT(l) ((l) == 3 -> 1 : 0)
#define BELOW(x, l) ((x) == (l) || (l) == 0 || ((l) == 1 && (x) == 3))
/* A line of a trace: process, group, request; usage and held of bytes by level. */
#define SAY(what) \
	printf("process %d, group %d, %d+%d: usage %d %d %d %d, held %d %d %d %d: ", _pid - 1, g, b, f, \
	       usage[0], usage[2], usage[4], usage[6], held[0], held[2], held[4], held[6]); \
	printf("near %d %d, CPU %d %d: ", is_open[W(g, NEAR)], bytes[W(g, NEAR)], \
	       is_open[W(g, 0)], bytes[W(g, 0)]); \
	printf(what)
#define ROOM(l, r) (barrier[2 * (l) + (r)] - usage[2 * (l) + (r)])
#define CAP(l, r, sev) (barrier[2 * (l) + (r)] + (sev == LIMIT -> 1 : 0))
#define MIN(a, b) ((a) < (b) -> (a) : (b))

/* Everything that is inline is part of a step. */
inline up(l)
{
	if
	:: l == 0 -> break
	:: else -> l = PARENT(l)
	fi
}

inline room_all(g, r, room)
{
	room = 99;
	l = g;
	do
	:: room = MIN(room, ROOM(l, r)); up(l)
	od
}

inline add(g, b, f)
{
	l = g;
	do
	:: assert(!freed[l]);
		refs[l] = refs[l] + ((b) && !usage[2 * l]) + ((f) && !usage[2 * l + 1]);
		usage[2 * l] = usage[2 * l] + (b);
		usage[2 * l + 1] = usage[2 * l + 1] + (f);
		up(l)
	od
}

/* zero_b and zero_f are set to the number of lowest levels that came to zero. */
inline sub(g, b, f)
{
	l = g;
	do
	:: assert(!freed[l] && usage[2 * l] >= (b) && usage[2 * l + 1] >= (f));
		usage[2 * l] = usage[2 * l] - (b);
		usage[2 * l + 1] = usage[2 * l + 1] - (f);
		zero_b = zero_b + ((b) && !usage[2 * l]);
		zero_f = zero_f + ((f) && !usage[2 * l + 1]);
		up(l)
	od
}

/* bc_put() */
inline put(g)
{
	l = g;
	do
	:: assert(refs[l] > 0);
		refs[l] = refs[l] - 1;
		if
		:: refs[l] -> l = 0; break
		:: else -> freed[l] = 1; up(l)
		fi
	od
}

inline put_levels(g, zero)
{
	j = g;
	do
	:: zero == 0 -> break
	:: else ->
		put(j);
		j = PARENT(j);
		zero--
	od;
	j = 0
}

/* bc_drop_zero(): none of the references is the last one. */
inline drop_zero(g)
{
	j = g;
	do
	:: zero_b == 0 && zero_f == 0 -> break
	:: else ->
		refs[j] = refs[j] - (zero_b > 0) - (zero_f > 0);
		assert(refs[j] > 0);
		zero_b = zero_b - (zero_b > 0);
		zero_f = zero_f - (zero_f > 0);
		j = PARENT(j)
	od;
	j = 0
}

/* Nothing passes: a granted request fits at each level, not counting units in words. */
inline grant(g, b, f, sev)
{
	l = g;
	do
	:: held[2 * l] = held[2 * l] + (b);
		held[2 * l + 1] = held[2 * l + 1] + (f);
		assert(sev == FORCE || (b) == 0 || held[2 * l] <= CAP(l, 0, sev));
		assert(sev == FORCE || (f) == 0 || held[2 * l + 1] <= CAP(l, 1, sev));
		up(l)
	od
}

inline ungrant(g, b, f)
{
	l = g;
	do
	:: held[2 * l] = held[2 * l] - (b);
		held[2 * l + 1] = held[2 * l + 1] - (f);
		up(l)
	od
}

inline count_trimmed(g, b, f)
{
	l = g;
	do
	:: trimmed[2 * l] = trimmed[2 * l] + (b);
		trimmed[2 * l + 1] = trimmed[2 * l + 1] + (f);
		up(l)
	od
}

/* The books are right while no process holds the lock. */
inline books()
{
	if
	:: lock -> skip
	:: else ->
		l = 0;
		do
		:: l == NG -> break
		:: else ->
			x = held[2 * l] + trimmed[2 * l];
			y = held[2 * l + 1] + trimmed[2 * l + 1];
			j = 0;
			do
			:: j == NG * NW -> break
			:: else ->
				if
				:: is_open[j] && BELOW(j / NW, l) ->
					x = x + bytes[j];
					y = y + files[j];
					/* A word is open: no level is above its barrier. */
					assert(ROOM(l, 0) >= 0 || !BELOW(j / NW, l));
					assert(ROOM(l, 1) >= 0 || !BELOW(j / NW, l))
				:: else
				fi;
				j++
			od;
			assert(usage[2 * l] == x && usage[2 * l + 1] == y);
			l++
		od;
		l = 0; x = 0; y = 0; j = 0
	fi
}

inline unlock()
{
	SAY("unlocks\n");
	assert(lock && !freed[g] && !freed[0]);
	lock = 0;
	books()
}

/* From now on the word hands out and takes back. */
inline open_word(g, nr)
{
#ifdef WITHOUT_near_in_list
	open_cpus[W(g, nr)] = (nr != NEAR);
#else
	open_cpus[W(g, nr)] = 1;
#endif
	is_open[W(g, nr)] = 1
}

/* bc_batch(): x bytes and y files. */
inline batch(g, b, f)
{
	room_all(g, 0, room);
	room_all(g, 1, room_f);
	x = 0; y = 0;
	if
	:: room < STOCK_ROOM || room_f < 0 || b > BATCH || offline[g] -> skip
	:: else ->
		x = (bytes[W(g, cpu)] < b -> MIN(room >> SHARE, BATCH) : 0);
		y = (files[W(g, cpu)] < f -> MIN(room_f >> SHARE, BATCH_FILES) : 0)
	fi;
	room = 0; room_f = 0
}

/* bc_refill() */
inline refill(g, b, f)
{
	open_word(g, cpu);
	bytes[W(g, cpu)] = bytes[W(g, cpu)] + b;
	files[W(g, cpu)] = files[W(g, cpu)] + f
}

/* bc_trim_word(): x bytes and y files are in no word any more. */
inline trim(g, nr)
{
	x = 0; y = 0;
	if
	:: is_open[W(g, nr)] && bytes[W(g, nr)] > KEEP -> x = bytes[W(g, nr)] - KEEP
	:: else
	fi;
	if
	:: is_open[W(g, nr)] && files[W(g, nr)] > FILES_MAX / 2 ->
		y = files[W(g, nr)] - FILES_MAX / 2
	:: else
	fi;
	bytes[W(g, nr)] = bytes[W(g, nr)] - x;
	files[W(g, nr)] = files[W(g, nr)] - y
}

/* bc_near_empty() */
inline near_empty(g)
{
	if
	:: is_open[W(g, NEAR)] ->
		sub(g, bytes[W(g, NEAR)], files[W(g, NEAR)]);
		drop_zero(g);
		bytes[W(g, NEAR)] = 0;
		files[W(g, NEAR)] = 0
	:: else
	fi
}

/* bc_find_over(): the level without room, files first; NONE if all levels have room. */
inline find_over(g, b, f, sev)
{
	over = NONE;
	l = g;
	do
	:: f && sev != FORCE && usage[2 * l + 1] + f > CAP(l, 1, sev) -> over = l; break
	:: else -> up(l)
	od;
	l = g;
	do
	:: over != NONE -> break
	:: else ->
		if
		:: b && sev != FORCE && usage[2 * l] + b > CAP(l, 0, sev) -> over = l
		:: else
		fi;
		up(l)
	od;
	l = 0
}

/* bc_cross_barrier(): the first level from l up that would be above its barrier. */
inline find_crossed(b, f)
{
	over = NONE;
	do
	:: (b && ROOM(l, 0) < b) || (f && ROOM(l, 1) < f) -> over = l; break
	:: else -> up(l)
	od
}

/* Take from a word; sets done on success. */
inline take(g, nr)
{
	assert(!freed[g]);
	SAY("takes, if there is so much\n");
	if
	:: is_open[W(g, nr)] && bytes[W(g, nr)] >= b && files[W(g, nr)] >= f ->
		bytes[W(g, nr)] = bytes[W(g, nr)] - b;
		files[W(g, nr)] = files[W(g, nr)] - f;
		grant(g, b, f, BARRIER);
		done = 1
	:: else
	fi;
	books()
}

/* Put into a word; sets done on success, and then the account may be gone. */
inline give(g, nr)
{
	assert(!freed[g]);
	SAY("gives, if there is room\n");
	if
	:: is_open[W(g, nr)] && bytes[W(g, nr)] + b <= STOCK_MAX &&
	   files[W(g, nr)] + f <= FILES_MAX ->
		bytes[W(g, nr)] = bytes[W(g, nr)] + b;
		files[W(g, nr)] = files[W(g, nr)] + f;
		ungrant(g, b, f);
		done = 1
	:: else
	fi;
	books()
}

/*
 * Close the next word of a drain: any word at and below root or, when a group goes
 * offline, only its own. more is false when none is left.
 */
inline close_next(root, only)
{
	more = 0;
	i = 0;
	do
	:: i == NG * NW -> break
	:: open_cpus[i] && BELOW(i / NW, root) && (!only || i / NW == root) -> more = 1; break
	:: else -> i++
	od;
	if
	:: more ->
		SAY("closes a word\n");
		sub(i / NW, bytes[i], files[i]);
		drop_zero(i / NW);
		found = found || bytes[i] || files[i];
		open_cpus[i] = 0;
		is_open[i] = 0;
		bytes[i] = 0;
		files[i] = 0
	:: else
	fi;
	i = 0
}

/* With RACE an exchange may also fail because another process was faster. */
#ifdef RACE
#define EXCHANGE(step) if :: d_step { step } :: skip fi
#else
#define EXCHANGE(step) d_step { step }
#endif
#define DRAIN(root, only) \
	more = 1; \
	do \
	:: more -> d_step { close_next(root, only) } \
	:: else -> break \
	od; \
	skip
#define PICK(nr) objects[nr] -> j = nr

proctype process(byte me)
{
	byte g, b, f, sev, kind, left, over, next;
	byte i, j, l, x, y, zero_b, zero_f;
	short room, room_f;
	bool done, more, found;

	left = OPS(me);
begin:
	done = 0;
	if
	:: left && (MASK(me) & ORDINARY) -> sev = BARRIER; goto charge
	:: left && (MASK(me) & UP_TO_LIMIT) -> sev = LIMIT; goto charge
	:: left && (MASK(me) & BY_FORCE) -> sev = FORCE; goto charge
	:: left && (MASK(me) & SET) -> goto limits
	:: left && (MASK(me) & GO) -> goto go
	:: left && (MASK(me) & GIVE) -> left--; goto uncharge
	/* In the end all units are given back. */
	:: left == 0 -> goto uncharge
	fi;

	/* bc_charge() and the like: from this CPU's word, the near one, or under the lock. */
charge:
	skip;
	atomic {
		left--;
		if
		:: (GROUPS & 1) && css[0] -> g = 0
		:: (GROUPS & 2) && css[1] -> g = 1
		:: (GROUPS & 4) && css[2] -> g = 2
		:: (GROUPS & 8) && css[3] -> g = 3
		:: else -> sev = 0; goto begin
		fi;
		if
		:: KINDS & 1 -> kind = 0
		:: KINDS & 2 -> kind = 1
		:: KINDS & 4 -> kind = 2
		fi;
		b = BYTES_OF(kind);
		f = FILES_OF(kind);
		pins[g] = pins[g] + 1
	}
	EXCHANGE(take(g, cpu));
	if
	:: done -> goto charged
	:: else
	fi;
	EXCHANGE(take(g, NEAR));
	if
	:: done -> goto charged
	:: else
	fi;
	d_step {
		lock == 0 -> lock = 1; SAY("locks\n");
		near_empty(g);
		find_over(g, b, f, sev)
	}
	do
	:: over == NONE -> break
	:: else ->
		found = 0;
#ifndef WITHOUT_drain
		DRAIN(over, false);
#endif
		if
		:: found -> d_step { found = 0; find_over(g, b, f, sev) }
		:: else ->
			d_step {
				/* Nothing is refused too early. */
				assert((b && held[2 * over] + b > CAP(over, 0, sev)) ||
				       (f && held[2 * over + 1] + f > CAP(over, 1, sev)));
				unlock();
				pins[g] = pins[g] - 1;
				over = 0; g = 0; b = 0; f = 0; sev = 0; kind = 0
			}
			goto begin
		fi
	od;
	next = g;
	do
	:: sev == BARRIER || next == NONE -> break
	:: else ->
		d_step { l = next; find_crossed(b, f); l = 0; next = NONE }
#ifndef WITHOUT_cross_barrier
		if
		:: over == NONE -> break
		:: else
		fi;
		DRAIN(over, false);
		next = (over == 0 -> NONE : PARENT(over))
#endif
	od;
	skip;
	d_step {
		next = 0; over = 0; found = 0;
		add(g, b, f);
		grant(g, b, f, sev);
		batch(g, b, f);
		if
		:: x || y -> add(g, x, y); refill(g, x, y)
		:: else
		fi;
		unlock()
	}
charged:
	skip;
	d_step {
		objects[3 * g + kind] = objects[3 * g + kind] + 1;
		pins[g] = pins[g] - 1;
		g = 0; b = 0; f = 0; sev = 0; kind = 0
	}
	goto begin;

	/* bc_kmem_uncharge(): the object pins the account, up to the exchange. */
uncharge:
	skip;
	atomic {
		if
		:: PICK(0) :: PICK(1) :: PICK(2) :: PICK(3) :: PICK(4) :: PICK(5)
		:: PICK(6) :: PICK(7) :: PICK(8) :: PICK(9) :: PICK(10) :: PICK(11)
		:: else ->
			if
			:: left -> goto begin
			:: else -> goto end
			fi
		fi;
		objects[j] = objects[j] - 1;
		g = j / 3;
		b = BYTES_OF(j % 3);
		f = FILES_OF(j % 3);
		j = 0
	}
	EXCHANGE(give(g, cpu));
	if
	:: done -> goto given
	:: else
	fi;
	d_step { assert(!freed[g]); found = !is_open[W(g, cpu)] }
	if
	:: !found -> goto back
	:: else
	fi;
	EXCHANGE(give(g, NEAR));
	if
	:: done -> goto given
	:: else
	fi;
	/* bc_uncharge_near() */
	d_step {
		lock == 0 -> lock = 1; SAY("locks\n");
		batch(g, b, f);
		room_all(g, 0, room);
		room_all(g, 1, room_f);
		if
		:: room >= STOCK_ROOM && !is_open[W(g, cpu)] && x >= b ->
			refill(g, b, f);
			ungrant(g, b, f);
			done = 1
		:: else
		fi;
		if
#ifdef WITHOUT_room_check
		:: !done && !is_open[W(g, NEAR)] && !offline[g] ->
#else
#ifdef WITHOUT_offline_check
		:: !done && !is_open[W(g, NEAR)] && room >= 0 && room_f >= 0 ->
#else
#ifdef WITHOUT_files_check
		:: !done && !is_open[W(g, NEAR)] && !offline[g] && room >= 0 ->
#else
		:: !done && !is_open[W(g, NEAR)] && !offline[g] && room >= 0 && room_f >= 0 ->
#endif
#endif
#endif
			open_word(g, NEAR);
			bytes[W(g, NEAR)] = b;
			files[W(g, NEAR)] = f;
			ungrant(g, b, f);
			done = 1
		:: !done && is_open[W(g, NEAR)] && room >= 0 -> give(g, NEAR)
		:: else
		fi;
		x = 0; y = 0; room = 0; room_f = 0;
		if
		:: done -> unlock()
		:: else
		fi
	}
	if
	:: done -> goto given
	:: else
	fi;
	d_step {
		if
#ifdef WITHOUT_zero_check
		:: true ->
#else
		:: usage[2 * g] > b && (f == 0 || usage[2 * g + 1] > f) ->
#endif
			trim(g, NEAR);
			sub(g, b + x, f + y);
			ungrant(g, b, f);
			x = 0; y = 0; zero_b = 0; zero_f = 0;
			done = 1
		:: else
		fi;
		unlock()
	}
	if
	:: done -> goto given
	:: else
	fi;
	/* bc_uncharge_full(), which also trims the word of this CPU */
back:
	skip;
#ifdef WITHOUT_lock_for_trim
	d_step {
		assert(!freed[g]);
		trim(g, cpu);
		count_trimmed(g, x, y);
		SAY("has trimmed its word\n")
	}
	d_step {
		lock == 0 -> lock = 1; SAY("locks\n");
		count_trimmed(g, 0 - x, 0 - y);
#else
	d_step {
		lock == 0 -> lock = 1; SAY("locks\n");
		trim(g, cpu);
#endif
		sub(g, b + x, f + y);
		ungrant(g, b, f);
		x = 0; y = 0;
		unlock()
	}
	d_step { put_levels(g, zero_b); put_levels(g, zero_f); l = 0 }
given:
	skip;
	d_step { g = 0; b = 0; f = 0; found = 0 }
	goto begin;

	/* bc_limits_apply() */
limits:
	left--;
	d_step { lock == 0 -> lock = 1; SAY("locks\n") }
#ifndef WITHOUT_close_on_set
	DRAIN(SET_GROUP, false);
#endif
	d_step {
		barrier[2 * SET_GROUP] = (barrier[2 * SET_GROUP] == SET_TO -> TOP_BYTES : SET_TO);
		found = 0;
		unlock()
	}
	goto begin;

	/* bc_css_offline() and, after an RCU grace period, bc_css_free() */
go:
	skip;
	left = 0;
	d_step { lock == 0 -> lock = 1; SAY("locks\n"); offline[GO_GROUP] = 1 }
	DRAIN(GO_GROUP, true);
	d_step { found = 0; unlock() }
	d_step {
		pins[GO_GROUP] == 0 -> css[GO_GROUP] = 0;
		put(GO_GROUP);
		l = 0
	}
	goto begin;
end:
	ended++
}

/* Charge n objects of one byte at the start. */
inline start_with(g, n, files_too)
{
	objects[3 * g + files_too] = n;
	add(g, n, (files_too -> n : 0));
	grant(g, n, (files_too -> n : 0), FORCE);
	l = 0
}

init {
	byte l, j, x, y, zero_b, zero_f, g, b, f, i;
	bool more, found;

	d_step {
		l = 0;
		do
		:: l == NG -> break
		:: else ->
			/* The css and the children. */
			refs[l] = (l == 0 -> 3 : (l == 1 -> 2 : 1));
			css[l] = 1;
			barrier[2 * l] = (l == 0 -> TOP_BYTES : (l == 1 -> MID_BYTES : 20));
			barrier[2 * l + 1] = (l == 0 -> TOP_FILES : 20);
			l++
		od;
		l = 0;
		start_with(3, AT3, 0);
		start_with(2, AT2, 0);
		start_with(3, FILES3, 1)
	}
	atomic { run process(0); run process(1); run process(2) }
	ended == NC;
	/* Close all words that are left; then all accounts are freed. */
	d_step {
		g = NG;
		do
		:: g == 0 -> break
		:: else ->
			g--;
			if
			:: css[g] ->
				do
				:: close_next(g, true);
					if
					:: more
					:: else -> break
					fi
				od;
				put(g)
			:: else
			fi
		od;
		g = 0;
		do
		:: g == NG -> break
		:: else ->
			assert(usage[2 * g] == 0 && usage[2 * g + 1] == 0 && held[2 * g] == 0);
			assert(refs[g] == 0 && freed[g] && pins[g] == 0);
			g++
		od
	}
}
