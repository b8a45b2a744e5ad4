#!/usr/bin/env bash
# The programs the tests look through or need: a browser, qpdf, pdftotext, exiftool, a virus scanner, a reader of
# print, fonts. Installed on Debian as root, else named.
set -uo pipefail
PATH="$PATH:/usr/sbin"
declare -A package=([chromium]=chromium [qpdf]=qpdf [pdftotext]=poppler-utils [exiftool]=libimage-exiftool-perl
  [clamscan]=clamav [clamd]=clamav-daemon [tesseract]=tesseract-ocr)
missing=()
for program in "${!package[@]}"; do
  command -v "$program" >/dev/null || missing+=("${package[$program]}")
done
tesseract --list-langs 2>/dev/null | grep -qx spa || missing+=(tesseract-ocr-spa)
if [ -e /etc/debian_version ]; then
  fc-list 2>/dev/null | grep -qi 'noto.*cjk' || missing+=(fonts-noto-cjk fontconfig)
  fc-list 2>/dev/null | grep -qi 'notosansarmenian\|noto sans armenian' || missing+=(fonts-noto-core)
fi
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update && apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null && exit 0
fi
echo "not installed here: ${missing[*]} (tests that need them are skipped and say so)"
