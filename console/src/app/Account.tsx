/** Who is signed in, what they may do, their password, and the way out. */
import { KeyOutlined, LogoutOutlined, UserOutlined } from '@ant-design/icons';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, Dropdown, Form, Input, Modal } from 'antd';
import { useContext, useState } from 'react';
import { keepCsrf, sayable, send } from '../api/client';
import type { Me } from '../api/model';
import { Signed, useLeave } from '../api/session';
import { SHORTEST_PASSWORD } from '../pages/door/Setup';
import { useWords } from '../words';

export function Account() {
  const { t } = useWords();
  const me = useContext(Signed);
  const leave = useLeave();
  const [changing, setChanging] = useState(false);
  const roles = (me?.roles ?? []).map((role) => t(`account-role.${role}`)).join(' · ');
  return (
    <>
      <Dropdown
        trigger={['click']}
        menu={{
          items: [
            { key: 'roles', type: 'group', label: roles },
            { type: 'divider' },
            {
              key: 'password',
              icon: <KeyOutlined />,
              label: t('password.change'),
              onClick: () => setChanging(true),
            },
            { key: 'leave', icon: <LogoutOutlined />, label: t('top.sign-out'), onClick: () => void leave() },
          ],
        }}
      >
        <Button type="text" icon={<UserOutlined />} aria-label={t('top.account')} className="account">
          <span className="ellipsis">{me?.name}</span>
        </Button>
      </Dropdown>
      {changing && <Password onClose={() => setChanging(false)} />}
    </>
  );
}

interface Answers {
  current: string;
  next: string;
  again: string;
}

function Password({ onClose }: { onClose: () => void }) {
  const { t, say } = useWords();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const [form] = Form.useForm<Answers>();
  const change = useMutation({
    mutationFn: ({ current, next }: Answers) => send<Me>('POST', '/me/password', { current, new: next }),
    onSuccess: (me) => {
      // The old sessions have ended; this is the new one.
      keepCsrf(me.csrf);
      queries.setQueryData(['me'], me);
      void message.success(t('password.changed'));
      onClose();
    },
  });
  const rule = t('setup.password-rule', { n: SHORTEST_PASSWORD });
  return (
    <Modal
      open
      title={t('password.change')}
      okText={t('password.change')}
      cancelText={t('action.cancel')}
      confirmLoading={change.isPending}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <p className="muted">{t('password.means')}</p>
      {change.error && (
        <Alert type="error" showIcon title={say(sayable(change.error))} style={{ marginBottom: 12 }} />
      )}
      <Form<Answers> form={form} layout="vertical" requiredMark={false} onFinish={change.mutate}>
        <Form.Item
          name="current"
          label={t('password.current')}
          rules={[{ required: true, message: t('login.password-needed') }]}
        >
          <Input.Password autoComplete="current-password" autoFocus />
        </Form.Item>
        <Form.Item
          name="next"
          label={t('password.new')}
          extra={rule}
          rules={[{ required: true, min: SHORTEST_PASSWORD, message: rule }]}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
        <Form.Item
          name="again"
          label={t('setup.again')}
          dependencies={['next']}
          rules={[
            ({ getFieldValue }) => ({
              validator: (_, value) =>
                value === getFieldValue('next')
                  ? Promise.resolve()
                  : Promise.reject(new Error(t('setup.again-differs'))),
            }),
          ]}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
      </Form>
    </Modal>
  );
}
