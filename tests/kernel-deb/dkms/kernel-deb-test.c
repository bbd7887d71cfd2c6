// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module from outside of the kernel's source, which DKMS builds for each kernel.
 */
#include <linux/module.h>
#include <linux/slab.h>

static void *some;

static int __init kernel_deb_test_init(void)
{
	some = kmalloc(64, GFP_KERNEL_ACCOUNT);
	return some ? 0 : -ENOMEM;
}
module_init(kernel_deb_test_init);

static void __exit kernel_deb_test_exit(void)
{
	kfree(some);
}
module_exit(kernel_deb_test_exit);

MODULE_DESCRIPTION("A module that DKMS builds");
MODULE_LICENSE("GPL");
