/** A recipient's browser as far as HTTP goes: keeps cookies, says where its forms come from, follows what it is told to. */

export interface Page {
  readonly status: number
  readonly location: string | null
  readonly headers: Headers
  readonly text: string
}

export interface Visitor {
  readonly link: string
  get(path?: string, headers?: Readonly<Record<string, string>>): Promise<Page>
  /** The answer unread, for files. */
  open(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>
  /** Submits a form, urlencoded or with files. */
  post(path: string, form?: Readonly<Record<string, string>> | FormData): Promise<Page>
}

/** Opens a link in a browser of its own. Paths are relative to the link (`/code/send`). */
export function visitor(link: string): Visitor {
  const cookies = new Map<string, string>()
  const { origin, pathname } = new URL(link)

  async function open(path: string, init: RequestInit = {}): Promise<Response> {
    const url = path.startsWith('/portal/') ? `${origin}${path}` : `${origin}${pathname}${path}`
    const headers = new Headers(init.headers)
    if (cookies.size) headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (name && value) cookies.set(name, value)
      else if (name) cookies.delete(name)
    }
    return response
  }
  const read = async (response: Response): Promise<Page> => ({
    status: response.status,
    location: response.headers.get('location'),
    headers: response.headers,
    text: await response.text(),
  })

  return {
    link,
    open: (path, headers = {}) => open(path, { headers }),
    get: async (path = '', headers = {}) => read(await open(path, { headers })),
    post: async (path, form = {}) =>
      read(
        await open(path, {
          method: 'POST',
          headers: { origin, 'sec-fetch-site': 'same-origin' },
          body: form instanceof FormData ? form : new URLSearchParams(form),
        }),
      ),
  }
}
