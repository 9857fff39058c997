/** A name or a string from a file: what would hide or turn it around stands there as its code. */
import { runs, visible } from './visible';

export function Name({ text, className }: { text: string; className?: string | undefined }) {
  return (
    <bdi className={className} title={visible(text)}>
      {runs(text).map((run, i) =>
        run.hidden ? (
          <span key={i} className={`hidden-character ${run.hidden}`}>
            {run.text}
          </span>
        ) : (
          run.text
        ),
      )}
    </bdi>
  );
}
