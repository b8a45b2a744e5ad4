#!/usr/bin/env bash
# Fetches the vendored front-end files again, from the pinned versions of .ci/vendor/. Needs Node and npm; nothing
# else of the project does. Run it by hand after changing a version, then look at the difference before keeping it.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cp .ci/vendor/{package*.json,uppy.mjs,.npmrc} "$here"
cd "$here"
if [ -e package-lock.json ]; then npm ci --silent --no-audit --no-fund; else npm install --silent --no-audit --no-fund; fi
version() { node -p "require('./node_modules/$1/package.json').version"; }
# take PACKAGE NAME FOLDER FILE...: the files and the licence into FOLDER/NAME-VERSION/
take() {
  local package=$1 name=$2 folder=$3 into
  shift 3
  into="$root/$folder/$name-$(version "$package")"
  rm -rf "$root/$folder/$name"-[0-9]*
  mkdir -p "$into"
  for file in "$@"; do cp "node_modules/$package/$file" "$into/"; done
  cp "node_modules/$package/LICENSE" "$into/LICENSE"
}
take htmx.org htmx intake/static/vendor dist/htmx.min.js
take @fontsource-variable/inter inter intake/static/vendor files/inter-latin{,-ext}-wght-normal.woff2
take @fontsource-variable/source-serif-4 source-serif-4 intake/static/vendor files/source-serif-4-latin{,-ext}-wght-normal.woff2
take axe-core axe-core tests/vendor axe.min.js
take @uppy/core uppy intake/static/vendor
uppy="$root/intake/static/vendor/uppy-$(version @uppy/core)"
npx --no-install esbuild uppy.mjs --bundle --minify --format=esm --legal-comments=eof --metafile=meta.json --outfile="$uppy/uppy.mjs" --log-level=warning
# The bundle holds other packages: each one's licence goes beside it.
node -e '
  const fs = require("fs");
  const inputs = Object.keys(JSON.parse(fs.readFileSync("meta.json")).inputs);
  const names = [...new Set(inputs.map((path) => path.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[0]).filter(Boolean))].sort();
  for (const folder of names) {
    const { name, version, license } = JSON.parse(fs.readFileSync(`${folder}/package.json`));
    const file = fs.readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    console.log(`==== ${name} ${version} (${license})\n`);
    console.log(file ? fs.readFileSync(`${folder}/${file}`, "utf8").trim() : "Its package names this licence and carries no text of it.", "\n");
  }' > "$uppy/LICENSE"
cp package-lock.json "$root/.ci/vendor/package-lock.json"
cd "$root"
python3 .ci/make_map.py "$here/node_modules/us-atlas/counties-10m.json"
python3 .ci/check_vendored.py --write
