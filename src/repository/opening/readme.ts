/**
 * What stands in every repository: how to get a database back without graphkeep. test/interop/by-hand.test.ts does what it says, with the
 * script between the lines of dashes.
 */
export const README = `This is a repository of graphkeep: backups of Neo4j databases.

With graphkeep:

  graphkeep info --repo=<this place>
  graphkeep restore --repo=<this place> --identity=<key file> --database=graph.db

Without graphkeep it takes sh, zstd, tar, dd, sha256sum and, if the objects end with .age, age.

  db/<database>/<timeline>/base/<base>/   one full backup; it is complete if it has a manifest.json
    data/                                 pieces of its files
    log/                                  transactions that make the files exact
    index.tsv.zst                         which object holds which bytes of which file
  db/<database>/<timeline>/log/           transactions after the first full backup of a timeline, in the order of their names
  db/<database>/<timeline>/mark/          what became known of full backups later; no restore needs it

Names of bases begin with their time. The script makes a directory of one base. Call it in the folder of the base:

  sh restore.sh <new directory> <key file, or ''> [objects of the timeline's log]

To go on to a later moment, name those objects of the timeline's log (../../log/*) that begin after the last transaction of the base, in the
order of their names, up to the one of that moment. The first numbers in a name are its first and its last transaction, then comes the time.

Of a database of 3.4 or 3.5, the new directory is the database directory. Of a later one, move neostore.transaction.db.* and checkpoint.* to
transactions/<database> in the data directory of a server, and the rest to databases/<database>. A server of the same release then recovers
the database when it starts.

-------- restore.sh --------
set -eu
out=$1 key=\${2:-}
[ $# -lt 2 ] && shift || shift 2
open() { case $1 in *.age) age -d -i "$key" "$1" | zstd -dcq ;; *) zstd -dcq "$1" ;; esac; }
put() { mkdir -p "$(dirname "$out/$1")"; dd of="$out/$1" bs=1M seek="$2" oflag=seek_bytes conv=notrunc status=none; }
mkdir "$out"
tab=$(printf '\\t')
zstd -dcq index.tsv.zst | while IFS=$tab read -r file offset bytes object stored sum; do
  echo "$sum  $object" | sha256sum -c --quiet -
  if [ "$file" = @tar ]; then open "$object" | tar -xC "$out"; else open "$object" | put "$file" "$offset"; fi
done
log=$(ls "$out" | grep '^neostore.transaction.db.')
[ ! -d log ] || set -- $(ls log/* | LC_ALL=C sort) "$@"
for object; do
  mkdir "$out/parts"
  open "$object" | tar -xC "$out/parts"
  for part in "$out"/parts/*; do
    name=\${part##*/}
    if [ "$name" = transactions ]; then cat "$part" >> "$out/$log"; else put "\${name%.*}" "\${name##*.}" < "$part"; fi
  done
  rm -r "$out/parts"
done
----------------------------
`;
