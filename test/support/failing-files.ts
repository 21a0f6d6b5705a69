/** A file system for journals that can be full or broken whenever a test likes. */
import { realFiles, type JournalFiles } from '../../plugin/ledger/files.ts';

export interface FailingFiles extends JournalFiles {
  /** How many bytes may still be written; what is written before it runs out is on disk, as on a real one. */
  room: number;
  /** If set, what every sync fails with. */
  syncCode: string | undefined;
  /** If set, what syncing a folder fails with. */
  folderCode: string | undefined;
  /** How often a file was synced. */
  syncs: number;
}

export function createFailingFiles(): FailingFiles {
  const written = new Map<string, number>();
  const files: FailingFiles = {
    ...realFiles,
    room: Infinity,
    syncCode: undefined,
    folderCode: undefined,
    syncs: 0,
    syncFolder: async (path) => {
      if (files.folderCode !== undefined) throw systemError(files.folderCode, 'i/o error, fsync');
      await realFiles.syncFolder(path);
    },
    remove: async (path) => {
      await realFiles.remove(path);
      files.room += written.get(path) ?? 0;
      written.delete(path);
    },
    open: async (path, empty) => {
      const file = await realFiles.open(path, empty);
      return {
        close: () => file.close(),
        append: async (bytes) => {
          const fits = bytes.subarray(0, Math.max(0, files.room));
          files.room -= fits.length;
          written.set(path, (written.get(path) ?? 0) + fits.length);
          await file.append(fits);
          if (fits.length < bytes.length) throw systemError('ENOSPC', 'no space left on device, write');
        },
        sync: async () => {
          if (files.syncCode !== undefined) throw systemError(files.syncCode, 'i/o error, fdatasync');
          files.syncs += 1;
          await file.sync();
        },
      };
    },
  };
  return files;
}

function systemError(code: string, words: string): Error {
  return Object.assign(new Error(`${code}: ${words}`), { code });
}
