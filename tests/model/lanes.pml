/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lanes.pml - maxheld of a resource that has lanes, in every order in which three
 * processes can take from lanes, give to them, and change the counter under the lock.
 *
 * There is one group at one level, with a lane for each CPU and a near lane, numbered
 * after them. A step is one access to a lane or to its minimum (@low of struct bc_stock).
 * All requests are for one unit. The names are those of kernel/bc/stock.h and stock.c.
 *
 * The assertion at each release of the lock: the maxheld that is read then is no less than
 * the most that was held. A unit is held from the return of bc_lane_take(), or with STRICT
 * from its exchange on, until it is being given back.
 */
#define NC 3
#ifndef CPUS
#define CPUS 1
#endif
#define NEAR CPUS
#define NL (CPUS + 1)
#define cpu (me % CPUS)
#define BATCH 2
#ifndef MOST
#define MOST 7
#endif
#ifndef KEEP
#define KEEP 1
#endif
/* Units at the start, in the near lane and in that of the first CPU. */
#ifndef IN_NEAR
#define IN_NEAR 0
#endif
#ifndef IN_CPU
#define IN_CPU 0
#endif
#define LOW_MAX 99

/* What a process may do, one bit each. */
#define TAKE 1
#define GIVE 2
#define CHARGE 4
#define DRAIN 8
#define MASK(me) (me == 0 -> MENU0 : (me == 1 -> MENU1 : MENU2))
#define OPS(me) (me == 0 -> OPS0 : (me == 1 -> OPS1 : OPS2))

byte usage = AT + IN_NEAR + IN_CPU;
byte maxheld = AT;
bit lock;
byte locker;		/* the CPU that has the lock */
bit is_open[NL];
byte lane[NL];
byte low[NL];
byte objects = AT;	/* units that a process may give back */

/* Not in the code: the units that are held, and the most that were held. */
byte held = AT;
byte held_most = AT;

#define MIN(a, b) ((a) < (b) -> (a) : (b))
#define MAX(a, b) ((a) > (b) -> (a) : (b))
#define LOWER(nr, n) low[nr] = MIN(low[nr], n)
#define HELD(n) held = held + n; held_most = MAX(held_most, held)

#ifdef STRICT
#define AT_EXCHANGE HELD(1)
#define AT_RETURN skip
#else
#define AT_EXCHANGE skip
#define AT_RETURN HELD(1)
#endif

/*
 * Interrupts are off under the lock, so no other process uses the lane of that CPU
 * meanwhile, except a task that was moved after its look-up of the lane.
 */
#ifdef MOVED
#define USABLE(nr) true
#else
#define USABLE(nr) (nr == NEAR || !lock || locker != nr)
#endif

#define SAY(what) \
	printf("process %d: usage %d, maxheld %d, held %d, at most %d; ", _pid, usage, maxheld, held, held_most); \
	printf("near lane %d, at least %d; CPU %d, at least %d: ", lane[NEAR], low[NEAR], lane[0], low[0]); \
	printf(what)

inline note_peak(n)
{
	maxheld = MAX(maxheld, usage - MIN(n, usage))
}

/* bc_stat_get() does the same: maxheld includes the present state. */
inline unlock()
{
	i = 0; x = 0;
	do
	:: i == NL -> break
	:: else ->
		x = x + (is_open[i] -> MIN(low[i], lane[i]) : 0);
		i++
	od;
	SAY("unlocks\n");
	assert(MAX(maxheld, usage - MIN(x, usage)) >= held_most);
	i = 0; x = 0;
	locker = 0;
	lock = 0
}

/* bc_lane_renew(): adds the least that the lane had to peak. */
#define RENEW(nr) \
	if \
	:: d_step { is_open[nr] -> has = lane[nr] } \
		d_step { old = low[nr]; low[nr] = has } \
		peak = peak + RENEWED; \
		RENEW_AGAIN(nr) \
		has = 0; old = 0 \
	:: !is_open[nr] \
	fi
#ifdef WITHOUT_second_lower
#define RENEW_AGAIN(nr)
#else
#define RENEW_AGAIN(nr) has = lane[nr]; d_step { LOWER(nr, has) }
#endif

/* bc_lane_cut(): adds the units that were taken out to more. */
#define CUT(nr, keep) \
	if \
	:: d_step { is_open[nr] && lane[nr] > keep -> more = more + lane[nr] - keep; lane[nr] = keep } \
		LOWER_IN_CUT(nr, keep) \
	:: d_step { else -> skip } \
	fi

/* bc_lane_trim() */
#ifdef WITHOUT_peak
#define PEAK skip
#else
#define PEAK \
	RENEW(cpu); \
	RENEW(NEAR); \
	d_step { note_peak(peak); peak = 0 }
#endif
#ifdef WITHOUT_cut_before_peak
/* Units that are taken and given between the two are missed. */
#define RENEWED MIN(old, has)
#define LOWER_IN_CUT(nr, keep) d_step { LOWER(nr, keep) }
#define TRIM(keep) \
	PEAK; \
	CUT(cpu, keep); \
	CUT(NEAR, keep); \
	d_step { usage = usage - more; more = 0 }
#else
#define RENEWED old
#define LOWER_IN_CUT(nr, keep)
#define TRIM(keep) \
	CUT(cpu, keep); \
	CUT(NEAR, keep); \
	PEAK; \
	d_step { usage = usage - more; more = 0 }
#endif

proctype process(byte me)
{
	byte left, old, has, peak, more, i, x, nr, sum_has, sum_low;

	left = OPS(me);
begin:
	if
	:: left && (MASK(me) & TAKE) -> goto take
	:: left && (MASK(me) & GIVE) -> goto give
	:: left && (MASK(me) & CHARGE) -> goto charge
	:: left && (MASK(me) & DRAIN) -> goto drain
	:: left == 0 -> goto end
	fi;

	/* bc_lane_take() */
take:
	left--;
	if
	:: nr = cpu
	:: nr = NEAR
	fi;
	if
	:: d_step { is_open[nr] && lane[nr] >= 1 -> old = lane[nr] }
	:: d_step { else -> nr = 0 } goto begin
	fi;
#ifndef WITHOUT_lower_before
	d_step { LOWER(nr, old - 1) }
#endif
	if
	:: d_step {
		USABLE(nr) && is_open[nr] && lane[nr] == old -> lane[nr] = old - 1;
		AT_EXCHANGE;
		SAY("has taken\n")
	   }
	:: d_step { USABLE(nr) && !(is_open[nr] && lane[nr] == old) -> old = 0; nr = 0 } goto begin
	fi;
	d_step {
#ifndef WITHOUT_lower_after
		LOWER(nr, old - 1);
#endif
		AT_RETURN;
		objects++;
		SAY("returns\n");
		old = 0; nr = 0
	}
	goto begin;

	/* bc_uncharge() */
give:
	left--;
	if
	:: d_step { objects -> objects--; held-- }
	:: d_step { else -> skip } goto begin
	fi;
	d_step {
		USABLE(cpu);
		if
		:: is_open[cpu] && lane[cpu] < MOST -> lane[cpu] = lane[cpu] + 1; x = 1; SAY("gives\n")
		:: else
		fi
	}
	if
	:: x -> goto given
	:: else
	fi;
	d_step {
		if
		:: !is_open[cpu] && is_open[NEAR] && lane[NEAR] < MOST ->
			lane[NEAR] = lane[NEAR] + 1; x = 1; SAY("gives\n")
		:: else
		fi
	}
	if
	:: x -> goto given
	:: else
	fi;
	/* bc_give_back(), and bc_lane_keep(), which depends on the room: both are tried. */
	d_step { lock == 0 -> lock = 1; locker = cpu }
	if
	:: !is_open[cpu] && !is_open[NEAR] ->
		d_step {
#ifdef WITHOUT_low_0
			low[NEAR] = 1;
#else
			low[NEAR] = 0;
#endif
			is_open[NEAR] = 1; lane[NEAR] = 1;
			unlock()
		}
		goto given
	:: true ->
		TRIM(KEEP);
		d_step { usage--; unlock() }
	fi;
given:
	x = 0;
	goto begin;

	/* bc_try_charge(), with the refill by bc_lane_fill() */
charge:
	left--;
	d_step { lock == 0 -> lock = 1; locker = cpu }
	TRIM(0);
	d_step {
		usage++;
		maxheld = MAX(maxheld, usage);
		HELD(1);
		objects++
	}
#ifdef FILL
	usage = usage + BATCH;
	low[cpu] = LOW_MAX;
	d_step { lane[cpu] = (is_open[cpu] -> lane[cpu] : 0) + BATCH; is_open[cpu] = 1 }
#ifndef WITHOUT_lower_in_fill
	has = lane[cpu];
	d_step { LOWER(cpu, has); has = 0 }
#endif
#endif
	d_step { unlock() }
	goto begin;

	/* bc_close_words() */
drain:
	left--;
	d_step { lock == 0 -> lock = 1; locker = cpu }
	nr = 0;
	do
	:: nr == NL -> break
	:: nr < NL ->
		d_step {
			has = (is_open[nr] -> lane[nr] : 0);
			x = is_open[nr];
			is_open[nr] = 0;
			lane[nr] = 0;
			sum_has = sum_has + has
		}
		d_step {
			sum_low = sum_low + (x -> MIN(low[nr], has) : 0);
			x = 0; has = 0; nr++
		}
	od;
	skip;
	d_step {
		note_peak(sum_low);
		usage = usage - sum_has;
		sum_low = 0; sum_has = 0; nr = 0;
		unlock()
	}
	goto begin;
end:
	skip
}

init {
	d_step {
		is_open[NEAR] = (IN_NEAR > 0 -> 1 : 0);
		lane[NEAR] = IN_NEAR;
		low[NEAR] = IN_NEAR;
		is_open[0] = (IN_CPU > 0 -> 1 : 0);
		lane[0] = IN_CPU;
		low[0] = IN_CPU
	}
	atomic { run process(0); run process(1); run process(2) }
}
