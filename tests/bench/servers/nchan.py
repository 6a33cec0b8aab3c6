#!/usr/bin/env python3
"""nchan.py DIRECTORY CLIENTS_PORT BACKEND_PORT: becomes nginx with nchan, one worker, its files in the directory."""

import os
import pathlib
import sys

CONFIGURATION = """
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
daemon off;
worker_processes 1;
pid {directory}/pid;
error_log {directory}/error.log error;
events {{
    worker_connections 16384;
    multi_accept on;
}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    nchan_shared_memory_size 1G;
    server {{
        listen 127.0.0.1:{clients} backlog=4096;
        location ~ ^/sub/(.+)$ {{
            nchan_subscriber websocket;
            nchan_channel_id $1;
            nchan_subscriber_first_message newest;
        }}
    }}
    server {{
        listen 127.0.0.1:{backend} backlog=4096;
        keepalive_requests 1000000000;
        keepalive_timeout 1h;
        client_header_buffer_size 64k;
        client_body_buffer_size 64k;
        location ~ ^/pub/(.+)$ {{
            nchan_publisher http;
            nchan_channel_id $1;
            nchan_store_messages off;
        }}
    }}
}}
"""

directory = pathlib.Path(sys.argv[1]).absolute()
clients, backend = sys.argv[2:]
directory.mkdir(parents=True, exist_ok=True)
configuration = directory / "nginx.conf"
configuration.write_text(CONFIGURATION.format(directory=directory, clients=clients, backend=backend))
os.execvp("nginx", ["nginx", "-c", str(configuration), "-e", str(directory / "error.log")])
