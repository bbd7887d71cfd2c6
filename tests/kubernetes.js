// SPDX-License-Identifier: GPL-2.0-only
//
// Each document of each file has to be what its apiVersion and kind say; the checker
// must also find mistakes.
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

// A copy in which one thing is wrong.
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
			console.log(`# ${found || "a mistake was not found"}`);
	}
}
console.log(`1..${number}`);
process.exit(bad || !number ? 1 : 0);
