/** A button that asks for files or for a folder. The input behind it is the browser's own, and nobody sees it. */
import { FolderOpenOutlined, UploadOutlined } from '@ant-design/icons';
import { useRef } from 'react';
import { useWords } from '../words';
import { Act, type ActProps } from './Act';

interface PickProps extends Omit<ActProps, 'onClick' | 'children'> {
  children: string;
  /** A folder with all that is in it, instead of files. */
  folder?: boolean;
  /** Kinds that the dialogue shows first, as `.yar,.yara`. */
  accept?: string;
  onPick: (files: File[]) => void;
}

export function Pick({ children, folder = false, accept, onPick, ...button }: PickProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Act {...button} onClick={() => input.current?.click()}>
        {children}
      </Act>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={children}
        data-testid={folder ? 'folder' : 'files'}
        disabled={Boolean(button.denied)}
        {...(folder ? { webkitdirectory: '' } : { multiple: true })}
        {...(accept && { accept })}
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          // The same file chosen again is a change again.
          event.target.value = '';
          if (files.length > 0) onPick(files);
        }}
      />
    </>
  );
}

/** The two ways to choose: files, or a folder. */
export function PickEither({ denied, accept, onPick }: Omit<PickProps, 'children' | 'folder'>) {
  const { t } = useWords();
  return (
    <>
      <Pick
        type="primary"
        size="small"
        icon={<UploadOutlined />}
        accept={accept}
        denied={denied}
        onPick={onPick}
      >
        {t('import.choose-files')}
      </Pick>
      <Pick folder size="small" icon={<FolderOpenOutlined />} denied={denied} onPick={onPick}>
        {t('import.choose-folder')}
      </Pick>
    </>
  );
}
