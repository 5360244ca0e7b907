/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: a mapping is made, a page of it is touched, a mapping ends.
 * They cost a no-op each while they are disabled.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM maps

#if !defined(MAPS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MAPS_TRACE_H

#include <linux/mm.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "maps.h"

#ifndef MAPS_TRACE_ONCE
#define MAPS_TRACE_ONCE
/*
 * Numbers that the formats below can name. libtraceevent, which trace-cmd and
 * perf read them with, understands neither a cast nor a parenthesis there.
 */
enum {
	/* Those that matter to a driver; the field has all. */
	MAPS_FLAGS	= FAULT_FLAG_WRITE | FAULT_FLAG_TRIED |
			  FAULT_FLAG_USER | FAULT_FLAG_REMOTE,
	MAPS_OOM	= (__force int)VM_FAULT_OOM,
	MAPS_SIGBUS	= (__force int)VM_FAULT_SIGBUS,
	MAPS_NOPAGE	= (__force int)VM_FAULT_NOPAGE,
};
#endif /* MAPS_TRACE_ONCE */

/* Values by name, for programs that read the format files. */
TRACE_DEFINE_ENUM(FAULT_FLAG_WRITE);
TRACE_DEFINE_ENUM(FAULT_FLAG_TRIED);
TRACE_DEFINE_ENUM(FAULT_FLAG_USER);
TRACE_DEFINE_ENUM(FAULT_FLAG_REMOTE);
TRACE_DEFINE_ENUM(MAPS_FLAGS);
TRACE_DEFINE_ENUM(MAPS_OOM);
TRACE_DEFINE_ENUM(MAPS_SIGBUS);
TRACE_DEFINE_ENUM(MAPS_NOPAGE);

/* One VMA: the result of mmap(), or that it ends. */
DECLARE_EVENT_CLASS(maps_vma,
	TP_PROTO(const char *strategy, const struct vm_area_desc *desc, int result),
	TP_ARGS(strategy, desc, result),

	TP_STRUCT__entry(
		__array(char,		strategy, 32)
		__field(unsigned long,	address)
		__field(unsigned long,	pgoff)
		__field(unsigned long,	pages)
		__field(unsigned long,	flags)
		__array(char,		perm, 5)
		__field(int,		result)
	),

	TP_fast_assign(
		strscpy(__entry->strategy, strategy, sizeof(__entry->strategy));
		__entry->address = desc->start;
		__entry->pgoff = desc->pgoff;
		__entry->pages = vma_desc_pages(desc);
		__entry->flags = vma_flags_to_legacy(desc->vma_flags);
		__entry->perm[0] = __entry->flags & VM_READ ? 'r' : '-';
		__entry->perm[1] = __entry->flags & VM_WRITE ? 'w' : '-';
		__entry->perm[2] = __entry->flags & VM_EXEC ? 'x' : '-';
		__entry->perm[3] = __entry->flags & VM_MAYSHARE ? 's' : 'p';
		__entry->perm[4] = '\0';
		__entry->result = result;
	),

	TP_printk("strategy=%s address=0x%lx pgoff=%lu pages=%lu perm=%s flags=0x%lx result=%d",
		  __entry->strategy, __entry->address, __entry->pgoff,
		  __entry->pages, __entry->perm, __entry->flags,
		  __entry->result)
);

/* @result is what mmap() returns: 0 or a negative errno. */
DEFINE_EVENT(maps_vma, maps_mmap,
	TP_PROTO(const char *strategy, const struct vm_area_desc *desc, int result),
	TP_ARGS(strategy, desc, result)
);

/*
 * A VMA is gone, whole: a part that is unmapped is split off first. Only for
 * mappings that were made while this was enabled, see maps_close().
 */
DEFINE_EVENT(maps_vma, maps_unmap,
	TP_PROTO(const char *strategy, const struct vm_area_desc *desc, int result),
	TP_ARGS(strategy, desc, result)
);

/*
 * A fault was handled. @pfn is the device's page at @pgoff, 0 past the end;
 * what the process gets may be a copy of it. @pages is what was handed to the
 * core, which for a folio may map all of it; 0 if the handler mapped pages
 * itself (maps_around tells how many) or refused.
 */
TRACE_EVENT(maps_fault,
	TP_PROTO(const char *strategy, const struct vm_fault *vmf,
		 vm_fault_t result),
	TP_ARGS(strategy, vmf, result),

	TP_STRUCT__entry(
		__array(char,		strategy, 32)
		__field(unsigned long,	address)
		__field(unsigned long,	pgoff)
		__field(unsigned long,	pfn)
		__field(unsigned long,	pages)
		__field(unsigned int,	flags)
		__field(unsigned int,	result)
	),

	TP_fast_assign(
		const struct maps_buffer *buf = vmf->vma->vm_private_data;

		strscpy(__entry->strategy, strategy, sizeof(__entry->strategy));
		__entry->address = vmf->address;
		__entry->pgoff = vmf->pgoff;
		__entry->pfn = vmf->pgoff < buf->npages ?
			page_to_pfn(buf->pages[vmf->pgoff]) : 0;
		__entry->pages = vmf->page ?
			compound_nr(compound_head(vmf->page)) : 0;
		__entry->flags = vmf->flags;
		__entry->result = (__force unsigned int)result;
	),

	TP_printk("strategy=%s address=0x%lx pgoff=%lu pfn=%lu pages=%lu flags=%s result=%s",
		  __entry->strategy, __entry->address, __entry->pgoff,
		  __entry->pfn, __entry->pages,
		  __print_flags(__entry->flags & MAPS_FLAGS, "|",
				{ FAULT_FLAG_WRITE,	"WRITE" },
				{ FAULT_FLAG_TRIED,	"TRIED" },
				{ FAULT_FLAG_USER,	"USER" },
				{ FAULT_FLAG_REMOTE,	"REMOTE" }),
		  __print_flags(__entry->result, "|",
				{ MAPS_OOM,	"OOM" },
				{ MAPS_SIGBUS,	"SIGBUS" },
				{ MAPS_NOPAGE,	"NOPAGE" }))
);

/* The fault_around strategy mapped @pages itself, in a window of them. */
TRACE_EVENT(maps_around,
	TP_PROTO(unsigned long address, pgoff_t pgoff, unsigned long window,
		 unsigned long pages),
	TP_ARGS(address, pgoff, window, pages),

	TP_STRUCT__entry(
		__field(unsigned long,	address)
		__field(unsigned long,	pgoff)
		__field(unsigned long,	window)
		__field(unsigned long,	pages)
	),

	TP_fast_assign(
		__entry->address = address;
		__entry->pgoff = pgoff;
		__entry->window = window;
		__entry->pages = pages;
	),

	TP_printk("address=0x%lx pgoff=%lu window=%lu pages=%lu",
		  __entry->address, __entry->pgoff, __entry->window,
		  __entry->pages)
);

#endif /* MAPS_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
