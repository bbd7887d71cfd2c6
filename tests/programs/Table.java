// SPDX-License-Identifier: GPL-2.0-only
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * Table N: make a table of N numbers and their texts, and print how long the texts are.
 * Table N heap: also fill Java's heap.
 * Table N refuse: also allocate gigabytes outside of the heap.
 */
class Table {
	static void hoard(IntFunction<Object> allocate, int mib) {
		var hoard = new ArrayList<Object>();
		try {
			for (;;)
				hoard.add(allocate.apply(mib << 20));
		} catch (OutOfMemoryError error) {
			int got = hoard.size();
			hoard.clear();
			System.out.println("refused " + error + " after " + got * mib + " MiB");
		}
	}

	public static void main(String[] args) throws Exception {
		int n = Integer.parseInt(args[0]);
		Map<Integer, String> table = new HashMap<>();
		for (int i = 0; i < n; i++)
			table.put(i, Integer.toString(i));
		if (args.length > 1 && args[1].equals("heap"))
			hoard(byte[]::new, 8);
		else if (args.length > 1)
			hoard(ByteBuffer::allocateDirect, 1024);
		long length = 0;
		for (String text : table.values())
			length += text.length();
		System.out.println("length " + length);
		System.in.read();
	}
}
