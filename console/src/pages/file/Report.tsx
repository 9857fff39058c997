/** Takes the report of a file away as one HTML document, or prints it, which is how a browser makes a PDF. */
import { FileTextOutlined, PrinterOutlined } from '@ant-design/icons';
import { useEffect, useRef } from 'react';
import type { FileDetail } from '../../api/model';
import { Act } from '../../parts/Act';
import { useActor } from '../../parts/actor';
import { save } from '../../parts/files';
import { instant } from '../../parts/format';
import { useWords } from '../../words';
import { reportOf } from './report';

export function TakeReport({ detail }: { detail: FileDetail }) {
  const { t, language } = useWords();
  const written = useWritten(detail);
  const name = `redoubt-${detail.file.sha256.slice(0, 12)}-${language}.html`;
  return (
    <Act
      icon={<FileTextOutlined />}
      title={t('report.button-means')}
      onClick={() => save(name, written(), 'text/html;charset=utf-8')}
    >
      {t('report.button')}
    </Act>
  );
}

export function PrintReport({ detail }: { detail: FileDetail }) {
  const { t } = useWords();
  const written = useWritten(detail);
  const frame = useRef<HTMLIFrameElement | null>(null);
  useEffect(() => () => frame.current?.remove(), []);
  const print = () => {
    frame.current?.remove();
    const paper = document.createElement('iframe');
    frame.current = paper;
    paper.className = 'paper-frame';
    paper.title = t('report.title');
    paper.tabIndex = -1;
    paper.ariaHidden = 'true';
    paper.srcdoc = written();
    paper.addEventListener('load', () => {
      const sheet = paper.contentWindow;
      if (!sheet) return;
      sheet.addEventListener('afterprint', () => paper.remove());
      // Browsers propose the title of the page as the name of the PDF; they come back when the dialogue is closed.
      const before = document.title;
      document.title = sheet.document.title;
      sheet.focus();
      sheet.print();
      document.title = before;
    });
    document.body.append(paper);
  };
  return (
    <Act icon={<PrinterOutlined />} onClick={print}>
      {t('report.print')}
    </Act>
  );
}

function useWritten(detail: FileDetail): () => string {
  const words = useWords();
  const actor = useActor();
  return () =>
    reportOf(detail, words, {
      at: instant(new Date().toISOString()),
      zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      actor,
    });
}
