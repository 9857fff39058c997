/** Accounts and their roles. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, Form, Input, Modal, Select, Table, type TableColumnsType } from 'antd';
import { useContext, useState } from 'react';
import { get, sayable, send } from '../../api/client';
import type { AccountRole, User } from '../../api/model';
import { Signed } from '../../api/session';
import { Act } from '../../parts/Act';
import { Show } from '../../parts/Blank';
import { instant } from '../../parts/format';
import { Mark } from '../../parts/Marks';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../words';
import { SHORTEST_PASSWORD } from '../door/Setup';

export const ROLES: AccountRole[] = [
  'system-administrator',
  'security-administrator',
  'audit-administrator',
  'analyst',
  'read-only',
];

type Editing = { user: User | null };

export function Users() {
  const { t, say } = useWords();
  const { modal, message } = App.useApp();
  const queries = useQueryClient();
  const me = useContext(Signed);
  const [editing, setEditing] = useState<Editing | null>(null);
  const users = useQuery({ queryKey: ['users'], queryFn: () => get<User[]>('/users') });
  const change = useMutation({
    mutationFn: ({ id, disabled }: { id: string; disabled: boolean }) =>
      send<User>('PATCH', `/users/${encodeURIComponent(id)}`, { disabled }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['users'] }),
    onError: (error) => void message.error(say(sayable(error))),
  });
  const toggle = (user: User) =>
    user.disabled
      ? change.mutate({ id: user.id, disabled: false })
      : modal.confirm({
          title: t('users.disable-title', { name: user.name }),
          content: t('users.disable-means'),
          okText: t('users.disable'),
          cancelText: t('action.cancel'),
          onOk: () => change.mutateAsync({ id: user.id, disabled: true }).catch(() => undefined),
        });
  const columns: TableColumnsType<User> = [
    { title: t('login.name'), width: 200, render: (_, user) => <strong>{user.name}</strong> },
    {
      title: t('users.roles'),
      render: (_, user) => user.roles.map((role) => t(`account-role.${role}`)).join(' · '),
    },
    {
      title: t('exposure.state'),
      width: 110,
      render: (_, user) => (
        <Mark tone={user.disabled ? 'none' : 'fixed'} bare>
          {t(user.disabled ? 'users.disabled' : 'users.active')}
        </Mark>
      ),
    },
    { title: t('users.last-login'), width: 140, render: (_, user) => instant(user.last_login) },
    { title: t('jobs.created'), width: 140, render: (_, user) => instant(user.created) },
    {
      width: 160,
      align: 'right',
      render: (_, user) => (
        <span className="line" style={{ justifyContent: 'flex-end' }}>
          <Button size="small" onClick={() => setEditing({ user })}>
            {t('users.edit')}
          </Button>
          <Act
            size="small"
            denied={user.id === me?.id ? t('users.not-self') : null}
            onClick={() => toggle(user)}
          >
            {t(user.disabled ? 'users.enable' : 'users.disable')}
          </Act>
        </span>
      ),
    },
  ];
  return (
    <Panel
      flush
      title={t('system.users')}
      extra={
        <Button type="primary" size="small" onClick={() => setEditing({ user: null })}>
          {t('users.new')}
        </Button>
      }
    >
      <Show of={users}>
        {(list) => (
          <Table
            size="small"
            rowKey="id"
            columns={columns}
            dataSource={list}
            pagination={false}
            aria-label={t('system.users')}
          />
        )}
      </Show>
      {editing && <Edit user={editing.user} onClose={() => setEditing(null)} />}
    </Panel>
  );
}

interface Answers {
  name: string;
  roles: AccountRole[];
  password?: string;
}

function Edit({ user, onClose }: { user: User | null; onClose: () => void }) {
  const { t, say } = useWords();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const [form] = Form.useForm<Answers>();
  const save = useMutation({
    mutationFn: ({ name, roles, password }: Answers) =>
      user
        ? send<User>('PATCH', `/users/${encodeURIComponent(user.id)}`, {
            roles,
            ...(password && { password }),
          })
        : send<User>('POST', '/users', { name: name.trim(), roles, password }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['users'] });
      void message.success(t('users.saved'));
      onClose();
    },
  });
  const rule = t('setup.password-rule', { n: SHORTEST_PASSWORD });
  return (
    <Modal
      open
      title={user ? `${t('users.edit')} · ${user.name}` : t('users.new')}
      okText={t('action.save')}
      cancelText={t('action.cancel')}
      confirmLoading={save.isPending}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      {save.error && (
        <Alert type="error" showIcon title={say(sayable(save.error))} style={{ marginBottom: 12 }} />
      )}
      <Form<Answers>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ name: user?.name ?? '', roles: user?.roles ?? ['read-only'] }}
        onFinish={save.mutate}
      >
        {!user && (
          <Form.Item
            name="name"
            label={t('login.name')}
            rules={[{ required: true, message: t('login.name-needed') }]}
          >
            <Input autoComplete="off" />
          </Form.Item>
        )}
        <Form.Item
          name="roles"
          label={t('users.roles')}
          extra={t('users.roles-note')}
          rules={[{ required: true, message: t('users.roles-needed') }]}
        >
          <Select
            mode="multiple"
            options={ROLES.map((role) => ({ value: role, label: t(`account-role.${role}`) }))}
          />
        </Form.Item>
        <Form.Item
          name="password"
          label={t(user ? 'users.new-password' : 'login.password')}
          extra={user ? t('users.new-password-note') : rule}
          rules={[{ required: !user, min: SHORTEST_PASSWORD, message: rule }]}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
      </Form>
    </Modal>
  );
}
