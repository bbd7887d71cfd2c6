/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of resources a beancounter accounts: one row each.
 *
 * The row is all that the files, the tracepoints and the parser need. The audit finds
 * units of counted caches and of pins by itself; others need a recount in audit.c. A row
 * of BC_STOCKED needs a lane, see bc_lane_of(). Tools take the unit from the name: "pages",
 * "size" or "buf" at its end, else items. The interface files print in the order of the
 * rows, so new rows go to the end.
 *
 * DO NOT INCLUDE THIS FILE DIRECTLY: define BC_RESOURCE() and include it where
 * the table is expanded, as with <linux/cgroup_subsys.h>.
 *
 * BC_RESOURCE(id, name, unit, kind, default barrier and limit)
 */

BC_RESOURCE(KMEMSIZE, "kmemsize", BC_BYTES, BC_STOCKED, BC_MAX)
BC_RESOURCE(PRIVVMPAGES, "privvmpages", BC_PAGES, BC_STOCKED, BC_MAX)
BC_RESOURCE(LOCKEDPAGES, "lockedpages", BC_PAGES, BC_CHARGED, BC_MAX)
BC_RESOURCE(PHYSPAGES, "physpages", BC_PAGES, BC_SAMPLED, BC_MAX)
BC_RESOURCE(NUMPROC, "numproc", BC_ITEMS, BC_STOCKED, BC_MAX)
BC_RESOURCE(NUMFILE, "numfile", BC_ITEMS, BC_STOCKED, BC_MAX)
BC_RESOURCE(NUMTCPSOCK, "numtcpsock", BC_ITEMS, BC_STOCKED, BC_MAX)
BC_RESOURCE(NUMOTHERSOCK, "numothersock", BC_ITEMS, BC_STOCKED, BC_MAX)
BC_RESOURCE(NUMFLOCK, "numflock", BC_ITEMS, BC_STOCKED, BC_MAX)
BC_RESOURCE(NUMSIGINFO, "numsiginfo", BC_ITEMS, BC_STOCKED, BC_MAX)
BC_RESOURCE(NUMPTY, "numpty", BC_ITEMS, BC_CHARGED, BC_MAX)
BC_RESOURCE(SHMPAGES, "shmpages", BC_PAGES, BC_STOCKED, BC_MAX)
BC_RESOURCE(NUMIPTENT, "numiptent", BC_ITEMS, BC_CHARGED, BC_MAX)
BC_RESOURCE(SWAPPAGES, "swappages", BC_PAGES, BC_SAMPLED, BC_MAX)
BC_RESOURCE(VMGUARPAGES, "vmguarpages", BC_PAGES, BC_GUARANTEE, BC_MAX)
BC_RESOURCE(OOMGUARPAGES, "oomguarpages", BC_PAGES, BC_GUARANTEE, BC_MAX)
BC_RESOURCE(TCPSNDBUF, "tcpsndbuf", BC_BYTES, BC_STOCKED, BC_MAX)
BC_RESOURCE(TCPRCVBUF, "tcprcvbuf", BC_BYTES, BC_STOCKED, BC_MAX)
BC_RESOURCE(OTHERSOCKBUF, "othersockbuf", BC_BYTES, BC_STOCKED, BC_MAX)
BC_RESOURCE(DGRAMRCVBUF, "dgramrcvbuf", BC_BYTES, BC_STOCKED, BC_MAX)
BC_RESOURCE(DCACHESIZE, "dcachesize", BC_BYTES, BC_STOCKED, BC_MAX)
