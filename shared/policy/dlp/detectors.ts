/** Every detector of personal and payment data. */
import { contacts } from './contact.ts'
import type { Detector } from './detector.ts'
import { germanIds } from './german-ids.ts'
import { iban } from './iban.ts'
import { paymentCard } from './payment-card.ts'

export const detectors: readonly Detector[] = [iban, paymentCard, ...germanIds, ...contacts]
