// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules, and which outcome of which probe breaks one. An outcome that is in
 * no row here is a property: printed, and not judged.
 */
#define _GNU_SOURCE
#include "probe.h"

const struct rule rules[NR_RULES] = {
	[RULE_PAGE] = {
		.name	 = "page",
		.promise = "An address shows the page that it was mapped for: at an offset,\n"
			   "after munmap() of a part, and after mremap().",
		.cause	 = "a fault handler that counts from the start of the VMA (vmf->address\n"
			   "- vma->vm_start, or vmf->pgoff - vma->vm_pgoff), a loop over\n"
			   "vma->vm_end - vma->vm_start in it, or an mmap() that ignores\n"
			   "vma->vm_pgoff",
		.mend	 = "take the page's number from vmf->pgoff in the handler; begin at\n"
			   "vma->vm_pgoff in mmap(), or return EINVAL if it is not 0",
		.chapter = "errata, fault",
	},
	[RULE_PAST] = {
		.name	 = "past",
		.promise = "Behind the end of the memory, mmap() fails or the access ends in\n"
			   "SIGBUS: it neither reads nor hangs.",
		.cause	 = "a check of the length that ignores the offset, no check in the fault\n"
			   "handler (mremap() grows a mapping without asking mmap()), or\n"
			   "VM_FAULT_NOPAGE for what is out of range",
		.mend	 = "check pgoff < n && pages <= n - pgoff in mmap(), and vmf->pgoff >= n\n"
			   "in the handler: return VM_FAULT_SIGBUS",
		.chapter = "errata, fault",
	},
	[RULE_PRIVATE] = {
		.name	 = "private",
		.promise = "A write to a private mapping does not reach the device.",
		.cause	 = "page table entries made writable by the driver: PAGE_SHARED, or a\n"
			   "protection computed from vm_flags, in place of vma->vm_page_prot",
		.mend	 = "pass vma->vm_page_prot, changed by pgprot_noncached() and the like\n"
			   "only",
		.chapter = "errata, cow",
	},
	[RULE_READONLY] = {
		.name	 = "readonly",
		.promise = "What is mapped read-only cannot be written to, and a read-only\n"
			   "descriptor gives no shared writable mapping, by mprotect() either.",
		.cause	 = "PAGE_SHARED in place of vma->vm_page_prot, or a driver that sets\n"
			   "VM_MAYWRITE or VM_WRITE",
		.mend	 = "pass vma->vm_page_prot, and clear flags only",
		.chapter = "errata, security",
	},
	[RULE_FIRST] = {
		.name	 = "first",
		.promise = "Where mmap() succeeds, the first access succeeds.",
		.cause	 = "an ignored result of remap_pfn_range() or vm_insert_page(), or a\n"
			   "mapping that is granted writable over pages that the handler refuses\n"
			   "to write",
		.mend	 = "return the result from mmap(); return EACCES there if VM_WRITE is\n"
			   "set and the memory is read-only",
		.chapter = "question, remap",
	},
	[RULE_REFERENCE] = {
		.name	 = "reference",
		.promise = "The driver frees the memory when the last part of the last mapping\n"
			   "is gone: not before, and then without fail.",
		.cause	 = "a count of mappings that only mmap() and .close change: a split, a\n"
			   "fork and a move call .open, which has to count, too; mmap() that\n"
			   "fails late calls neither",
		.mend	 = "count in .open and .close, and once in mmap() where it succeeds; or\n"
			   "take a reference to each page",
		.chapter = "lifetimes",
	},
	[RULE_LOG] = {
		.name	 = "log",
		.promise = "Nothing that a program does with a mapping makes the kernel warn.",
		.cause	 = "a WARN_ON() in mmap(), .fault, .open or .close for a state that a\n"
			   "program can cause",
		.mend	 = "return an error or VM_FAULT_SIGBUS; see coding-style.rst, section 22",
		.chapter = "lifetimes",
	},
};

#define DIES	"SIGBUS|SIGSEGV|hangs"
#define WRITES_ANYWHERE	"shared|private|written|writable|lost"

/* A probe, or NULL for each; words between bars. */
static const struct {
	const char		*probe;
	const char		*words;
	enum rule_number	rule;
} breaches[] = {
	{ NULL,				"wrong page",	 RULE_PAGE },
	{ "fork_reads",			"wrong",	 RULE_PAGE },
	{ "at_offset",			DIES,		 RULE_PAGE },
	{ "munmap_first",		DIES,		 RULE_PAGE },
	{ "munmap_middle",		DIES,		 RULE_PAGE },
	{ "mremap_move",		DIES,		 RULE_PAGE },
	{ "mremap_shrink",		DIES,		 RULE_PAGE },
	{ "merge",			DIES,		 RULE_PAGE },
	{ "longer_than_buffer",		"reads|hangs",	 RULE_PAST },
	{ "offset_at_end",		"reads|hangs",	 RULE_PAST },
	{ "offset_wraps",		"reads|hangs",	 RULE_PAST },
	{ "mremap_grow_past",		"reads|hangs",	 RULE_PAST },
	{ "private_write",		"shared",	 RULE_PRIVATE },
	{ "private_one_page_write",	"shared",	 RULE_PRIVATE },
	{ "mprotect_up_private",	"shared",	 RULE_PRIVATE },
	{ "readonly_fd_private_write",	"shared",	 RULE_PRIVATE },
	{ "ptrace_poke",		"shared",	 RULE_PRIVATE },
	{ "readonly_write",		WRITES_ANYWHERE, RULE_READONLY },
	{ "mprotect_down",		WRITES_ANYWHERE, RULE_READONLY },
	{ "readonly_fd_shared_write",	WRITES_ANYWHERE, RULE_READONLY },
	{ "readonly_fd_mprotect",	WRITES_ANYWHERE, RULE_READONLY },
	{ "shared_read",		DIES,		 RULE_FIRST },
	{ "shared_write",		DIES,		 RULE_FIRST },
	{ "private_read",		DIES,		 RULE_FIRST },
	{ "private_write",		DIES,		 RULE_FIRST },
	{ "private_one_page",		DIES,		 RULE_FIRST },
	{ "private_one_page_write",	DIES,		 RULE_FIRST },
	{ "private_page_by_page",	DIES,		 RULE_FIRST },
	{ "mprotect_up",		DIES,		 RULE_FIRST },
	{ "mprotect_up_private",	DIES,		 RULE_FIRST },
	{ "release_unmapped",		"kept",		 RULE_REFERENCE },
	{ "release_after_split",	"kept|lost",	 RULE_REFERENCE },
	{ "release_after_move",		"kept|lost",	 RULE_REFERENCE },
	{ "release_after_fork",		"kept|lost",	 RULE_REFERENCE },
	{ "release_after_refusal",	"kept",		 RULE_REFERENCE },
};

#define NR_BREACHES (sizeof(breaches) / sizeof(*breaches))

static bool is_among(const char *words, const char *word)
{
	const size_t len = strlen(word);

	while (strncmp(words, word, len) || (words[len] && words[len] != '|')) {
		words = strchr(words, '|');
		if (!words++)
			return false;
	}
	return len;
}

enum rule_number judge(const struct subject *subject, const struct probe *probe,
		       const struct finding *finding)
{
	size_t i;

	if (finding->why_not)
		return NO_RULE;
	if (*finding->report)
		return RULE_LOG;
	for (i = 0; i < NR_BREACHES; i++) {
		/* Nothing is promised of an access to a mapping that is filled later. */
		if (subject->traits & EMPTY && !strcmp(breaches[i].words, DIES))
			continue;
		if ((!breaches[i].probe || !strcmp(breaches[i].probe, probe->name)) &&
		    is_among(breaches[i].words, finding->outcome.word))
			return breaches[i].rule;
	}
	return NO_RULE;
}

bool rule_was_asked(const struct result *result, enum rule_number rule)
{
	size_t i, j;

	if (rule == RULE_LOG)
		return watch_log();
	if (rule == RULE_FIRST && result->subject->traits & EMPTY)
		return false;
	for (i = 0; i < NR_BREACHES; i++)
		for (j = 0; breaches[i].rule == rule && breaches[i].probe && j < nr_probes; j++)
			if (!strcmp(breaches[i].probe, probes[j]->name) &&
			    !result->findings[j].why_not &&
			    result->findings[j].outcome.word[0] != '(')
				return true;
	return false;
}

void print_text(const char *title, const char *text, int indent)
{
	size_t len;

	printf("%*s%s", indent, "", title);
	for (; len = strcspn(text, "\n"), text[len]; text += len + 1)
		printf("%.*s\n%*s", (int)len, text, indent, "");
	printf("%s\n", text);
}

void print_rule(const struct rule *rule)
{
	print_text("", rule->promise, 4);
	print_text("Usual cause: ", rule->cause, 4);
	print_text("Remedy: ", rule->mend, 4);
	print_text("In the book: ", rule->chapter, 4);
}

const char *shown_word(const struct finding *finding)
{
	if (finding->why_not)
		return "-";
	return strcmp(finding->outcome.word, "aabbccdd") ? finding->outcome.word : "right";
}
