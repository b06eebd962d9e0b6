// What the server tells the page, in an element of data: addresses, sessions, operations.
export const config = JSON.parse(document.getElementById('config').textContent);
