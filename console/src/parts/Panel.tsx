/** A titled box, and the head of a page. */
import type { ReactNode } from 'react';

export function Panel({
  title,
  extra,
  flush,
  children,
  className,
}: {
  title?: ReactNode;
  extra?: ReactNode;
  flush?: boolean;
  children: ReactNode;
  className?: string;
}) {
  return (
    <section
      className={`panel${className ? ` ${className}` : ''}`}
      aria-label={typeof title === 'string' ? title : undefined}
    >
      {title !== undefined && (
        <header>
          <h2>{title}</h2>
          <span className="grow" />
          {extra}
        </header>
      )}
      <div className={flush ? 'body flush' : 'body'}>{children}</div>
    </section>
  );
}

export function PageHead(props: {
  title: ReactNode;
  sub?: ReactNode;
  /** The second line goes under the title: for titles with much to say. */
  stacked?: boolean;
  children?: ReactNode;
}) {
  const { title, sub, stacked, children } = props;
  return (
    <div className="page-head">
      <div className={stacked ? 'stacked' : 'line'}>
        <h1>{title}</h1>
        {sub && <span className="sub">{sub}</span>}
      </div>
      <span className="grow" />
      {children}
    </div>
  );
}
