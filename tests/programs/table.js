// SPDX-License-Identifier: GPL-2.0-only
// table N: make a table of N numbers and their texts, and print how long the texts are.
// table N refuse: also ask for a gigabyte in one piece.
'use strict';

const n = Number(process.argv[2]);
const table = new Map();
for (let i = 0; i < n; i++)
	table.set(i, `${i}`);
if (process.argv.includes('refuse')) {
	try {
		new ArrayBuffer(1 << 30);
	} catch (error) {
		console.log(`refused ${error.name}: ${error.message}`);
	}
}
let length = 0;
for (const text of table.values())
	length += text.length;
console.log(`length ${length}`);
process.stdin.once('data', () => process.exit(0));
