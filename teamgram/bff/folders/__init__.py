"""RPCFolders and RPCFolderTags: folders, links to them, and the archive."""
