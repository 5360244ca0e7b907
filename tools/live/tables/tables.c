// SPDX-License-Identifier: GPL-2.0-only
/*
 * tables: shows the page tables of a process, and the reference counts of page
 * frames, in /sys/kernel/debug/tables/. For the live page only: pagemap(5) shows
 * neither a mapping that remap_pfn_range() made nor a reference count.
 *
 * walk: write "PID START END", numbers as the C language has them. Read the
 *	entries of that range: "table LEVEL ADDRESS FRAME" for a page table,
 *	"page ADDRESS FRAME FLAGS" for a page, where FLAGS are of "wda": writable,
 *	dirty, accessed.
 * refs: page_count() of each frame, 8 bytes, as in /proc/kpagecount; 0 for a frame
 *	that has no struct page.
 */
#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

/* What was asked for last; tables_lock protects it. */
static struct {
	pid_t		pid;
	unsigned long	start;
	unsigned long	end;
} request;
static DEFINE_MUTEX(tables_lock);
static struct dentry *tables_dir;

static void show_entries(struct seq_file *seq, pmd_t *pmd, unsigned long addr,
			 unsigned long end)
{
	for (; addr < end; addr += PAGE_SIZE) {
		const pte_t pte = READ_ONCE(*pte_offset_kernel(pmd, addr));

		if (pte_present(pte))
			seq_printf(seq, "page 0x%lx 0x%lx %s%s%s.\n", addr,
				   pte_pfn(pte), pte_write(pte) ? "w" : "",
				   pte_dirty(pte) ? "d" : "",
				   pte_young(pte) ? "a" : "");
	}
}

static void show_table(struct seq_file *seq, int level, unsigned long addr,
		       unsigned long frame)
{
	seq_printf(seq, "table %d 0x%lx 0x%lx\n", level, addr, frame);
}

/* Small pages only: a huge entry ends the walk of its range. */
static void show_range(struct seq_file *seq, struct mm_struct *mm,
		       unsigned long addr, unsigned long end)
{
	unsigned long next;

	show_table(seq, 0, 0, __pa(mm->pgd) >> PAGE_SHIFT);
	for (; addr < end; addr = next) {
		pgd_t *pgd = pgd_offset(mm, addr);
		p4d_t *p4d = p4d_offset(pgd, addr);
		pud_t *pud;
		pmd_t *pmd;

		next = pmd_addr_end(addr, end);
		if (p4d_none_or_clear_bad(p4d))
			continue;
		pud = pud_offset(p4d, addr);
		if (pud_none_or_clear_bad(pud))
			continue;
		pmd = pmd_offset(pud, addr);
		if (pmd_none(*pmd) || pmd_trans_huge(*pmd) || pmd_bad(*pmd))
			continue;
		show_table(seq, 1, addr & PMD_MASK, pmd_pfn(*pmd));
		show_entries(seq, pmd, addr, next);
	}
}

static struct mm_struct *find_mm(pid_t nr)
{
	struct task_struct *task = get_pid_task(find_vpid(nr), PIDTYPE_PID);
	struct mm_struct *mm = task ? get_task_mm(task) : NULL;

	if (task)
		put_task_struct(task);
	return mm;
}

static int walk_show(struct seq_file *seq, void *unused)
{
	struct mm_struct *mm;
	int err = -ESRCH;

	mutex_lock(&tables_lock);
	rcu_read_lock();
	mm = find_mm(request.pid);
	rcu_read_unlock();
	if (!mm)
		goto out_unlock;

	mmap_read_lock(mm);
	show_range(seq, mm, request.start, request.end);
	mmap_read_unlock(mm);
	mmput(mm);
	err = 0;
out_unlock:
	mutex_unlock(&tables_lock);
	return err;
}

static int walk_open(struct inode *inode, struct file *filp)
{
	return single_open(filp, walk_show, NULL);
}

static ssize_t walk_write(struct file *filp, const char __user *from,
			  size_t count, loff_t *ppos)
{
	unsigned long start, end;
	char text[64] = "";
	pid_t pid;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, count))
		return -EFAULT;
	if (sscanf(text, "%d %li %li", &pid, &start, &end) != 3)
		return -EINVAL;
	if (!PAGE_ALIGNED(start) || !PAGE_ALIGNED(end) || start > end ||
	    end > TASK_SIZE)
		return -EINVAL;

	mutex_lock(&tables_lock);
	request.pid = pid;
	request.start = start;
	request.end = end;
	mutex_unlock(&tables_lock);
	return count;
}

static const struct file_operations walk_fops = {
	.owner		= THIS_MODULE,
	.open		= walk_open,
	.read		= seq_read,
	.write		= walk_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

static ssize_t refs_read(struct file *filp, char __user *to, size_t count,
			 loff_t *ppos)
{
	const unsigned long pfn = *ppos / sizeof(u64);
	u64 refs = 0;

	if (*ppos % sizeof(u64) || count != sizeof(u64))
		return -EINVAL;
	if (pfn_valid(pfn))
		refs = page_count(pfn_to_page(pfn));
	if (copy_to_user(to, &refs, sizeof(refs)))
		return -EFAULT;

	*ppos += sizeof(u64);
	return sizeof(u64);
}

static const struct file_operations refs_fops = {
	.owner	= THIS_MODULE,
	.read	= refs_read,
	.llseek	= default_llseek,
};

static int __init tables_init(void)
{
	tables_dir = debugfs_create_dir("tables", NULL);
	debugfs_create_file("walk", 0600, tables_dir, NULL, &walk_fops);
	debugfs_create_file("refs", 0400, tables_dir, NULL, &refs_fops);
	return 0;
}
module_init(tables_init);

static void __exit tables_exit(void)
{
	debugfs_remove(tables_dir);
}
module_exit(tables_exit);

MODULE_DESCRIPTION("Shows page tables and reference counts to the live page");
MODULE_LICENSE("GPL");
