// SPDX-License-Identifier: GPL-2.0-only
//
// Each document of each file has to be valid for its apiVersion and kind; the checker
// also has to find a mistake that is put into it.
"use strict";
const fs = require("fs");
const yaml = require("js-yaml");

const models = {};

function model(document) {
	const name = `${document.apiVersion}/${document.kind}`;
	models[name] = models[name] || require(`kubernetes-models/${name}`)[document.kind];
	return models[name];
}

function problem(document) {
	try {
		new (model(document))(document).validate();
		return null;
	} catch (error) {
		return error.message;
	}
}

// A copy of the document with one mistake.
function spoiled(document) {
	const copy = JSON.parse(JSON.stringify(document));
	copy.metadata.name = 5;
	return copy;
}

let number = 0, bad = 0;
for (const file of process.argv.slice(2)) {
	for (const document of yaml.loadAll(fs.readFileSync(file, "utf8"))) {
		const found = problem(document);
		const good = !found && problem(spoiled(document));
		number++;
		bad += good ? 0 : 1;
		console.log(`${good ? "ok" : "not ok"} ${number} ${file.replace(/.*\//, "")}: ` +
			`${document.kind} ${document.metadata.name}`);
		if (!good)
			console.log(`# ${found || "the checker did not find a mistake"}`);
	}
}
console.log(`1..${number}`);
process.exit(bad || !number ? 1 : 0);
