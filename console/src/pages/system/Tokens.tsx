/** API tokens of the account: what each may do, and how long. */
import { CopyOutlined } from '@ant-design/icons';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import {
  Alert,
  App,
  Button,
  Form,
  Input,
  InputNumber,
  Modal,
  Select,
  Table,
  type TableColumnsType,
} from 'antd';
import { useContext, useState } from 'react';
import { get, sayable, send } from '../../api/client';
import type { Permission, Token, TokenCreated } from '../../api/model';
import { Signed } from '../../api/session';
import { Blank, Show } from '../../parts/Blank';
import { copy } from '../../parts/files';
import { instant } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../words';

/** What a token never gets: it makes no accounts or tokens and does not run the server. */
const NEVER: Permission[] = ['manage-users', 'use-tokens', 'run-system'];

export function Tokens() {
  const { t, say } = useWords();
  const { modal, message } = App.useApp();
  const queries = useQueryClient();
  const [making, setMaking] = useState(false);
  const tokens = useQuery({ queryKey: ['tokens'], queryFn: () => get<Token[]>('/tokens') });
  const end = useMutation({
    mutationFn: (id: string) => send('DELETE', `/tokens/${encodeURIComponent(id)}`),
    onSettled: () => queries.invalidateQueries({ queryKey: ['tokens'] }),
    onError: (error) => void message.error(say(sayable(error))),
  });
  const columns: TableColumnsType<Token> = [
    { title: t('tokens.name'), width: 200, render: (_, token) => <strong>{token.name}</strong> },
    {
      title: t('tokens.scopes'),
      render: (_, token) => token.scopes.map((scope) => t(`permission.${scope}`)).join(' · '),
    },
    { title: t('tokens.last-used'), width: 140, render: (_, token) => instant(token.last_used) },
    { title: t('tokens.expires'), width: 140, render: (_, token) => instant(token.expires) },
    {
      width: 90,
      align: 'right',
      render: (_, token) => (
        <Button
          size="small"
          onClick={() =>
            modal.confirm({
              title: t('tokens.end-title', { name: token.name }),
              content: t('tokens.end-means'),
              okText: t('tokens.end'),
              cancelText: t('action.cancel'),
              onOk: () => end.mutateAsync(token.id).catch(() => undefined),
            })
          }
        >
          {t('tokens.end')}
        </Button>
      ),
    },
  ];
  return (
    <Panel
      flush
      title={t('system.tokens')}
      extra={
        <Button type="primary" size="small" onClick={() => setMaking(true)}>
          {t('tokens.new')}
        </Button>
      }
    >
      <Show of={tokens}>
        {(list) =>
          list.length === 0 ? (
            <Blank
              title={t('tokens.empty')}
              action={
                <Button type="primary" onClick={() => setMaking(true)}>
                  {t('tokens.new')}
                </Button>
              }
            >
              {t('tokens.empty-note')}
            </Blank>
          ) : (
            <Table size="small" rowKey="id" columns={columns} dataSource={list} pagination={false} />
          )
        }
      </Show>
      {making && <New onClose={() => setMaking(false)} />}
    </Panel>
  );
}

interface Answers {
  name: string;
  scopes: Permission[];
  days: number;
}

function New({ onClose }: { onClose: () => void }) {
  const { t, say } = useWords();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const me = useContext(Signed);
  const [form] = Form.useForm<Answers>();
  const make = useMutation({
    mutationFn: (answers: Answers) => send<TokenCreated>('POST', '/tokens', answers),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['tokens'] }),
  });
  const secret = make.data?.secret;
  const possible = (me?.permissions ?? []).filter((permission) => !NEVER.includes(permission));
  return (
    <Modal
      open
      title={t('tokens.new')}
      okText={t(secret ? 'action.close' : 'tokens.make')}
      cancelButtonProps={{ style: secret ? { display: 'none' } : {} }}
      cancelText={t('action.cancel')}
      confirmLoading={make.isPending}
      mask={{ closable: !secret }}
      onOk={() => (secret ? onClose() : form.submit())}
      onCancel={onClose}
    >
      {secret ? (
        <>
          <Alert type="warning" showIcon title={t('tokens.once')} style={{ marginBottom: 12 }} />
          <pre className="code" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            {secret}
          </pre>
          <Button
            icon={<CopyOutlined />}
            style={{ marginTop: 10 }}
            onClick={() => void copy(secret).then(() => message.success(t('action.copied')))}
          >
            {t('action.copy')}
          </Button>
        </>
      ) : (
        <>
          {make.error && (
            <Alert type="error" showIcon title={say(sayable(make.error))} style={{ marginBottom: 12 }} />
          )}
          <Form<Answers>
            form={form}
            layout="vertical"
            requiredMark={false}
            initialValues={{ days: 90, scopes: ['read'] }}
            onFinish={make.mutate}
          >
            <Form.Item
              name="name"
              label={t('tokens.name')}
              rules={[{ required: true, message: t('tokens.name-needed') }]}
            >
              <Input maxLength={80} />
            </Form.Item>
            <Form.Item
              name="scopes"
              label={t('tokens.scopes')}
              rules={[{ required: true, message: t('tokens.scopes-needed') }]}
            >
              <Select
                mode="multiple"
                options={possible.map((permission) => ({
                  value: permission,
                  label: t(`permission.${permission}`),
                }))}
              />
            </Form.Item>
            <Form.Item name="days" label={t('tokens.days')}>
              <InputNumber min={1} max={366} style={{ width: 120 }} />
            </Form.Item>
          </Form>
        </>
      )}
    </Modal>
  );
}
