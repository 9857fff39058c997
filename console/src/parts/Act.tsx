/** Buttons of actions: one that leads to a page is a link, one that is forbidden is disabled and says why. */
import { Button, Tooltip, type ButtonProps } from 'antd';
import { useHref, useLinkClickHandler } from 'react-router';

export interface ActProps extends ButtonProps {
  /** Why it may not be done now. Shown to the mouse, the keyboard and the screen reader. */
  denied?: string | null | undefined;
}

export function Act({ denied, ...button }: ActProps) {
  if (!denied) return <Button {...button} />;
  return (
    <Tooltip title={denied} trigger={['hover', 'focus']}>
      {/* A disabled button takes no focus: what stands around it does, so that the reason can be reached by Tab. */}
      <span tabIndex={0} className="denied">
        <Button {...button} disabled aria-description={denied} />
      </span>
    </Tooltip>
  );
}

/** A button that leads to a page of the console: a true link, so that it opens in a new tab and is reached once. */
export function Go({ to, denied, ...button }: ActProps & { to: string }) {
  const href = useHref(to);
  const click = useLinkClickHandler<HTMLAnchorElement>(to);
  if (denied) return <Act {...button} denied={denied} />;
  return (
    <Button
      {...button}
      href={href}
      onClick={(event) => click(event as React.MouseEvent<HTMLAnchorElement>)}
    />
  );
}
