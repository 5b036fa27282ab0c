// SPDX-License-Identifier: Apache-2.0
/** The files that somebody dropped or chose, those in folders too. */

export interface NamedFile {
  readonly file: File
  /** Name with the folders it lies in. */
  readonly path: string
}

/** Chosen files. */
export function chosenFiles(files: FileList): NamedFile[] {
  return [...files].map((file) => ({ file, path: file.webkitRelativePath || file.name }))
}

/** Dropped files and folders; called within the event, as it forgets them when it is over. */
export async function droppedFiles(transfer: DataTransfer): Promise<NamedFile[]> {
  const entries = [...transfer.items].map((each) => each.webkitGetAsEntry())
  const plain = chosenFiles(transfer.files)
  const found = await Promise.all(entries.filter((entry) => entry !== null).map(filesOf))
  return found.flat().length > 0 ? found.flat() : plain
}

async function filesOf(entry: FileSystemEntry): Promise<NamedFile[]> {
  if (isFile(entry)) return [{ file: await fileOf(entry), path: entry.fullPath.replace(/^\//, '') }]
  if (!isFolder(entry)) return []
  const found: NamedFile[] = []
  for (const each of await entriesOf(entry)) found.push(...(await filesOf(each)))
  return found
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => {
    entry.file(resolve, reject)
  })
}

/** All entries of a folder: a reader gives some at a time, and none at the end. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const found: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject)
    })
    if (some.length === 0) return found
    found.push(...some)
  }
}
