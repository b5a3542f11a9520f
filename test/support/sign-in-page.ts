/** For a page of a test: the add-in's sign-in where the test can reach it. */
import * as secflow from '../../addin/sign-in/index.ts'

Object.assign(globalThis, { secflow })
