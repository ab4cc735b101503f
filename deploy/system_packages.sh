#!/bin/bash
# What the tests need from the system: LibreOffice Calc and Writer, pdftoppm, Chromium, Dovecot, a Chinese font. Installed when
# root, else named.
set -euo pipefail

missing=()
command -v soffice >/dev/null || missing+=(libreoffice-calc-nogui)
compgen -G "/usr/lib*/libreoffice/program/libswlo.so" >/dev/null || missing+=(libreoffice-writer-nogui)
command -v pdftoppm >/dev/null || missing+=(poppler-utils)
command -v chromium >/dev/null || missing+=(chromium)
[ -x /usr/sbin/dovecot ] || missing+=(dovecot-imapd)
[ -n "$(fc-list :lang=zh-cn family 2>/dev/null)" ] || missing+=(fonts-noto-cjk)

[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
    echo "the tests need system packages; install them first: apt-get install ${missing[*]}" >&2
    exit 1
fi
