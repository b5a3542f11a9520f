/** Every fault of the product; a family a file. A code never changes its meaning. */
import { api } from './catalogue/api.ts'
import { config } from './catalogue/config.ts'
import { crypto } from './catalogue/crypto.ts'
import { delivery } from './catalogue/delivery.ts'
import { link } from './catalogue/link.ts'
import { mail } from './catalogue/mail.ts'
import { policy } from './catalogue/policy.ts'
import { store } from './catalogue/store.ts'
import type { FaultDefinition } from './definition.ts'

const families = { ...api, ...config, ...crypto, ...delivery, ...link, ...mail, ...policy, ...store }

export type FaultCode = keyof typeof families

export const catalogue: Readonly<Record<FaultCode, FaultDefinition>> = families
