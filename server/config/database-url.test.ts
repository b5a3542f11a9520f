import { expect, test } from 'vitest'
import { readDatabaseUrl } from './database-url.ts'

const postgres = {
  kind: 'postgres',
  host: 'db.example',
  port: 5432,
  database: 'secflow',
  user: 'gate',
  password: null,
  tls: 'full',
}

test.each([
  ['sqlite:x.db', { kind: 'sqlite', file: 'x.db' }],
  ['sqlite:///var/x.db', { kind: 'sqlite', file: '/var/x.db' }],
  ['postgres://gate@db.example/secflow', postgres],
  ['postgresql://gate@db.example:6543/secflow', { ...postgres, port: 6543 }],
  ['postgres://gate:a%40b%2F@db.example/secflow', { ...postgres, password: 'a@b/' }],
  ['postgres://gate@db.example/secflow?sslmode=require', { ...postgres, tls: 'encrypted' }],
  ['postgres://gate@db.example/secflow?sslmode=verify-ca', { ...postgres, tls: 'ca' }],
  ['postgres://gate@db.example/secflow?sslmode=disable', { ...postgres, tls: 'none' }],
  ['postgres://gate@127.0.0.1/secflow', { ...postgres, host: '127.0.0.1', tls: 'none' }],
  ['postgres://gate@[::1]/secflow?sslmode=verify-full', { ...postgres, host: '::1' }],
  ['postgres:///secflow?host=/run/postgresql&user=gate', { ...postgres, host: '/run/postgresql', tls: 'none' }],
])('%s is read', (text, place) => expect(readDatabaseUrl(text)).toEqual(place))

test.each([
  ['mysql://gate@db.example/secflow', 'not `sqlite:`'],
  ['sqlite:', 'not `sqlite:`'],
  ['postgres://db.example/secflow', 'names no user'],
  ['postgres://gate@db.example', 'names no database'],
  ['postgres://gate@db.example/a/b', 'names no database'],
  ['postgres:///secflow?user=gate', 'names no host'],
  ['postgres://gate@db.example/secflow?sslmode=prefer', 'sslmode is one of'],
  ['postgres://gate@db.example/secflow?sslrootcert=x', 'unknown option sslrootcert'],
  ['postgres://gate:%zz@db.example/secflow', 'a % stands for nothing'],
  ['postgres:///secflow?host=/run/postgresql&user=gate&sslmode=require', 'a Unix socket has no TLS'],
])('%s is refused', (text, why) => expect(readDatabaseUrl(text)).toContain(why))
