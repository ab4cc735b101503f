#!/bin/bash
# pg_dump and pg_restore out of an image of PostgreSQL into the folder $1, with all that they load, the loader too: they run on
# whatever base they are copied to, in the server's own version, which a distribution's package seldom is.
set -euo pipefail
target=$1
mkdir -p "$target/bin" "$target/lib"

program() { # Debian keeps the programs of each version in a folder of its own; what stands in PATH may be a script.
    local found
    found=$(find /usr/lib/postgresql -path "*/bin/$1" 2>/dev/null | sort -V | tail -n 1)
    echo "${found:-$(command -v "$1")}"
}

for name in pg_dump pg_restore; do
    path=$(program "$name")
    cp -L "$path" "$target/lib/$name"
    ldd "$path" | grep -o '/[^ ]*' | while read -r library; do cp -Ln "$library" "$target/lib/"; done
    loader=$(ldd "$path" | grep -o '/[^ ]*/ld-[^ ]*' | head -n 1)
    printf '#!/bin/sh\nexec "%s/lib/%s" --library-path "%s/lib" "%s/lib/%s" "$@"\n' \
        "$target" "$(basename "$loader")" "$target" "$target" "$name" >"$target/bin/$name"
    chmod +x "$target/bin/$name"
    "$target/bin/$name" --version
done
